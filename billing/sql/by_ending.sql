-- How many requests of a model ended in which way, and what they used.
SELECT
    ending,
    COUNT(*) AS requests,
    SUM(CAST(input AS DECIMAL(38,0))) AS input,
    SUM(CAST(output AS DECIMAL(38,0))) AS output,
    SUM(CAST(cache_read AS DECIMAL(38,0))) AS cache_read,
    SUM(CAST(cache_write_5m AS DECIMAL(38,0))) AS cache_write_5m,
    SUM(CAST(cache_write_1h AS DECIMAL(38,0))) AS cache_write_1h,
    SUM(CAST(cache_write_unsplit AS DECIMAL(38,0))) AS cache_write_unsplit,
    SUM(CAST(web_searches AS DECIMAL(38,0))) AS web_searches,
    MIN(unknown_fields) AS unknown_fields,
    MIN(used_at) AS first_at,
    MAX(used_at) AS last_at
FROM of_model
GROUP BY ending
