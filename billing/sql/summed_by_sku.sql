-- What the ledger holds of each SKU, in tokens by kind and in money, by unit: what a closed period is kept as.
SELECT
    COALESCE(sold_as, sku) AS sku,
    counted_in AS unit,
    CAST(COUNT(*) AS BIGINT) AS requests,
    SUM(CAST(input AS DECIMAL(38,0))) AS input,
    SUM(CAST(output AS DECIMAL(38,0))) AS output,
    SUM(CAST(cache_read AS DECIMAL(38,0))) AS cache_read,
    SUM(CAST(cache_write_5m AS DECIMAL(38,0))) AS cache_write_5m,
    SUM(CAST(cache_write_1h AS DECIMAL(38,0))) AS cache_write_1h,
    SUM(CAST(cache_write_unsplit AS DECIMAL(38,0))) AS cache_write_unsplit,
    COALESCE(SUM(CAST(charged AS DECIMAL(38,0))), 0) AS charged,
    COALESCE(SUM(CAST(owed AS DECIMAL(38,0))), 0) AS expected,
    COALESCE(SUM(CAST(variance AS DECIMAL(38,0))), 0) AS variance,
    CAST(SUM(CASE WHEN verdict IN ('unpriced', 'incomplete') THEN 1 ELSE 0 END) AS BIGINT) AS unpriced
FROM audited
GROUP BY COALESCE(sold_as, sku), counted_in
