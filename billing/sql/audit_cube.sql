-- A row per provider, SKU, unit, day, verdict and reason. Every table of an audit is a sum over these rows, so that all of
-- them add up.
SELECT
    COALESCE(sold_by, provider) AS provider,
    COALESCE(sold_as, sku) AS sku,
    counted_in AS unit,
    usd_value AS usd_per_unit,
    CAST(first_at AS DATE) AS day,
    verdict,
    reason,
    SUM(CAST(requests AS DECIMAL(38,0))) AS requests,
    SUM(CAST(CASE WHEN state < 3 THEN requests ELSE 0 END AS DECIMAL(38,0))) AS used,
    SUM(CAST(CASE WHEN owed IS NULL AND state < 3 THEN requests - reported ELSE 0 END AS DECIMAL(38,0))) AS unknown,
    SUM(CAST(tokens AS DECIMAL(38,0))) AS tokens,
    SUM(CAST(charged AS DECIMAL(38,0))) AS charged,
    SUM(CAST(refunded AS DECIMAL(38,0))) AS refunded,
    SUM(CAST(owed AS DECIMAL(38,0))) AS expected,
    SUM(CAST(variance AS DECIMAL(38,0))) AS variance,
    SUM(CAST(COALESCE(charged, 0) - refunded + COALESCE(CASE WHEN reported = 0 THEN owed END, 0) AS DECIMAL(38,0)))
        AS spend,
    SUM(
        CAST(
            CASE
                WHEN state < 3 THEN COALESCE(charged, 0) - refunded + COALESCE(CASE WHEN reported = 0 THEN owed END, 0)
                ELSE 0
            END AS DECIMAL(38,0)
        )
    ) AS cost,
    MIN(first_at) AS first_at,
    MAX(last_at) AS last_at
FROM audited
GROUP BY
    COALESCE(sold_by, provider), COALESCE(sold_as, sku), counted_in, usd_value, CAST(first_at AS DATE), verdict, reason
