-- Each usage record beside the rate in force: what every component costs, in pico-units, before rounding.
-- A component that was not used costs nothing, whatever its rate; one that was used and has no rate is NULL.
-- A record without a time meets only a rate that has no beginning and no end.
SELECT
    s.*,
    r.card_id,
    r.hypothesis,
    r.sku AS sold_as,
    r.unit AS card_unit,
    r.usd_per_unit,
    r.nothing_published,
    r.cache_write_5m IS NOT NULL AND r.cache_write_1h IS NOT NULL AS is_write_published,
    r.minimum_charge,
    r.request_step,
    r.request_lift,
    r.component_step,
    r.component_lift,
    CASE WHEN s.input = 0 THEN 0 ELSE CAST(s.input AS {tokens}) * CAST(r.input AS {rate}) END AS input_amount,
    CASE WHEN s.output = 0 THEN 0 ELSE CAST(s.output AS {tokens}) * CAST(r.output AS {rate}) END AS output_amount,
    CASE WHEN s.cache_read = 0 THEN 0 ELSE CAST(s.cache_read AS {tokens}) * CAST(r.cache_read AS {rate}) END
        AS cache_read_amount,
    CASE WHEN s.cache_write_5m = 0 THEN 0 ELSE CAST(s.cache_write_5m AS {tokens}) * CAST(r.cache_write_5m AS {rate}) END
        AS cache_write_5m_amount,
    CASE WHEN s.cache_write_1h = 0 THEN 0 ELSE CAST(s.cache_write_1h AS {tokens}) * CAST(r.cache_write_1h AS {rate}) END
        AS cache_write_1h_amount,
    CASE
        WHEN s.cache_write_unsplit = 0 THEN 0
        WHEN r.cache_write_5m = r.cache_write_1h
            THEN CAST(s.cache_write_unsplit AS {tokens}) * CAST(r.cache_write_5m AS {rate})
    END AS cache_write_unsplit_amount,
    CASE WHEN s.web_searches = 0 THEN 0 ELSE CAST(s.web_searches AS {tokens}) * CAST(r.web_search AS {rate}) END
        AS web_search_amount,
    CAST(r.per_request AS {amount}) AS request_amount
FROM selected AS s
LEFT JOIN rates AS r
    ON r.provider = s.provider
    AND r.name = s.sku
    AND r.service_tier = s.service_tier
    AND (r.valid_from IS NULL OR s.used_at >= r.valid_from)
    AND (r.valid_to IS NULL OR s.used_at < r.valid_to)
    AND s.prompt_tokens > r.prompt_above
    AND (r.prompt_up_to IS NULL OR s.prompt_tokens <= r.prompt_up_to)
