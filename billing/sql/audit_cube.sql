-- One pass over all requests: a row per provider, SKU, unit, day, verdict and reason. Every table of an audit is a sum
-- over these rows, so that all of them add up.
SELECT
    provider,
    COALESCE(sold_as, sku) AS sku,
    counted_in AS unit,
    usd_value AS usd_per_unit,
    CAST(used_at AS DATE) AS day,
    verdict,
    reason,
    COUNT(*) AS requests,
    SUM(CAST(prompt_tokens + output AS DECIMAL(38,0))) AS tokens,
    SUM(CAST(charged AS DECIMAL(38,0))) AS charged,
    SUM(CAST(owed AS DECIMAL(38,0))) AS expected,
    SUM(CAST(variance AS DECIMAL(38,0))) AS variance,
    MIN(used_at) AS first_at,
    MAX(used_at) AS last_at
FROM audited
GROUP BY provider, COALESCE(sold_as, sku), counted_in, usd_value, CAST(used_at AS DATE), verdict, reason
