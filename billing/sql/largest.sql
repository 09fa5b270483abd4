-- At least the most tokens and the most calls of any request: what the width of the arithmetic is chosen by.
SELECT
    CAST(MAX(input) AS DECIMAL(38,0)) + CAST(MAX(output) AS DECIMAL(38,0)) + CAST(MAX(cache_read) AS DECIMAL(38,0))
        + CAST(MAX(cache_write_5m) AS DECIMAL(38,0)) + CAST(MAX(cache_write_1h) AS DECIMAL(38,0))
        + CAST(MAX(cache_write_unsplit) AS DECIMAL(38,0)) AS tokens,
    MAX(web_searches) AS calls
FROM selected
