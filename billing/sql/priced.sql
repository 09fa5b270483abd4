-- Each usage record beside its rates: what every component costs, in pico-units, before rounding. A component that was
-- not used costs nothing, whatever its rate; one that was used and has no rate is NULL.
SELECT
    p.*,
    r.minimum_charge,
    r.request_step,
    r.request_lift,
    r.component_step,
    r.component_lift,
    CASE WHEN p.input = 0 THEN 0 ELSE CAST(p.input AS {tokens}) * CAST(r.input AS {rate}) END AS input_amount,
    CASE WHEN p.output = 0 THEN 0 ELSE CAST(p.output AS {tokens}) * CAST(r.output AS {rate}) END AS output_amount,
    CASE WHEN p.cache_read = 0 THEN 0 ELSE CAST(p.cache_read AS {tokens}) * CAST(r.cache_read AS {rate}) END AS cache_read_amount,
    CASE WHEN p.cache_write_5m = 0 THEN 0 ELSE CAST(p.cache_write_5m AS {tokens}) * CAST(r.cache_write_5m AS {rate}) END AS cache_write_5m_amount,
    CASE WHEN p.cache_write_1h = 0 THEN 0 ELSE CAST(p.cache_write_1h AS {tokens}) * CAST(r.cache_write_1h AS {rate}) END AS cache_write_1h_amount,
    CASE
        WHEN p.cache_write_unsplit = 0 THEN 0
        ELSE CAST(p.cache_write_unsplit AS {tokens}) * CAST(r.cache_write_unsplit AS {rate})
    END AS cache_write_unsplit_amount,
    CASE WHEN p.web_searches = 0 THEN 0 ELSE CAST(p.web_searches AS {tokens}) * CAST(r.web_search AS {rate}) END
        AS web_search_amount,
    CAST(r.per_request AS {amount}) AS request_amount
FROM placed AS p
INNER JOIN rates AS r ON r.rate_id = p.rate_id
