-- Each usage record beside its rates: what every component costs, in pico-units, before rounding, and how much was used
-- that has no price.
SELECT
    p.*,
    r.minimum_charge,
    r.request_step,
    r.request_lift,
    r.component_step,
    r.component_lift,
    CAST(p.input AS {tokens}) * CAST(r.input AS {rate}) AS input_amount,
    CAST(p.output AS {tokens}) * CAST(r.output AS {rate}) AS output_amount,
    CAST(p.cache_read AS {tokens}) * CAST(r.cache_read AS {rate}) AS cache_read_amount,
    CAST(p.cache_write_5m AS {tokens}) * CAST(r.cache_write_5m AS {rate}) AS cache_write_5m_amount,
    CAST(p.cache_write_1h AS {tokens}) * CAST(r.cache_write_1h AS {rate}) AS cache_write_1h_amount,
    CAST(p.cache_write_unsplit AS {tokens}) * CAST(r.cache_write_unsplit AS {rate}) AS cache_write_unsplit_amount,
    CAST(p.web_searches AS {tokens}) * CAST(r.web_search AS {rate}) AS web_search_amount,
    CAST(r.per_request AS {amount}) AS request_amount,
    p.input * r.no_input + p.output * r.no_output + p.cache_read * r.no_cache_read
        + p.cache_write_5m * r.no_cache_write_5m + p.cache_write_1h * r.no_cache_write_1h
        + p.cache_write_unsplit * r.no_cache_write_unsplit > 0 AS has_unpriced_tokens,
    p.web_searches * r.no_web_search > 0 AS has_unpriced_calls,
    p.cache_write_unsplit * r.no_lifetime > 0 AS has_unknown_lifetime
FROM placed AS p
INNER JOIN rates AS r ON r.rate_id = p.rate_id
