-- What refunds gave back, by SKU, unit and value of the unit; below zero. `rated` here is of refunds alone.
SELECT
    COALESCE(r.sku, u.sku) AS sku,
    u.unit,
    CASE WHEN u.unit = r.unit THEN r.usd_per_unit WHEN u.unit = 'USD' THEN 1000000000000 END AS usd_per_unit,
    COUNT(*) AS requests,
    SUM(CAST(u.charged AS DECIMAL(38,0))) AS charged
FROM rated AS u
INNER JOIN rates AS r ON r.rate_id = u.rate_id
GROUP BY COALESCE(r.sku, u.sku), u.unit, CASE WHEN u.unit = r.unit THEN r.usd_per_unit WHEN u.unit = 'USD' THEN 1000000000000 END
