-- What requests of each compared model used that meet the same rates at every seller, by how they ended: sums that are
-- priced without looking at a request again. A call that is charged twice is one use.
SELECT
    n.sku AS model,
    p.rate_id,
    CASE WHEN p.is_repeat THEN 'charged_again' ELSE p.status END AS ending,
    p.unknown_fields,
    COUNT(*) AS requests,
    SUM(CAST(p.input AS {total})) AS input,
    SUM(CAST(p.output AS {total})) AS output,
    SUM(CAST(p.cache_read AS {total})) AS cache_read,
    SUM(CAST(p.cache_write_5m AS {total})) AS cache_write_5m,
    SUM(CAST(p.cache_write_1h AS {total})) AS cache_write_1h,
    SUM(CAST(p.cache_write_unsplit AS {total})) AS cache_write_unsplit,
    SUM(CAST(p.web_searches AS {total})) AS web_searches,
    MIN(p.used_at) AS first_at,
    MAX(p.used_at) AS last_at
FROM placed AS p
INNER JOIN names AS n ON n.provider = p.provider AND n.name = p.sku
GROUP BY n.sku, p.rate_id, CASE WHEN p.is_repeat THEN 'charged_again' ELSE p.status END, p.unknown_fields
