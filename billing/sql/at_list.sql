-- What the requests for each SKU that ended well cost by the rates laid for it, before rounding, and how many of them used
-- something that has no rate.
SELECT
    COALESCE(n.provider, d.provider) AS provider,
    COALESCE(n.sku, d.sku) AS sku,
    t.usd_per_unit,
    COUNT(*) AS requests,
    SUM(CAST(CASE WHEN d.rate_id = 0 OR d.exact_amount IS NULL OR t.usd_per_unit IS NULL THEN 1 ELSE 0 END AS DECIMAL(38,0))) AS without,
    SUM(CAST(CASE WHEN d.rate_id > 0 THEN d.exact_amount END AS DECIMAL(38,0))) AS amount
FROM rated AS d
INNER JOIN rates AS t ON t.rate_id = d.rate_id
LEFT JOIN names AS n ON n.provider = d.provider AND n.name = d.sku
WHERE d.state < 2 AND d.provider IS NOT NULL
GROUP BY COALESCE(n.provider, d.provider), COALESCE(n.sku, d.sku), t.usd_per_unit
