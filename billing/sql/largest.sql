-- The most tokens of any request and the highest rate of any card: what the width of the arithmetic is chosen by.
SELECT
    (SELECT MAX(prompt_tokens + output + web_searches) FROM selected) AS tokens,
    (SELECT MAX(GREATEST(
        COALESCE(input, 0), COALESCE(output, 0), COALESCE(cache_read, 0), COALESCE(cache_write_5m, 0),
        COALESCE(cache_write_1h, 0), COALESCE(web_search, 0), per_request, minimum_charge, request_step, component_step
    )) FROM rates) AS rate
