-- The mismatched requests of each finding, by day. The findings are to be noted in `causes` before.
SELECT
    c.finding,
    CAST(e.used_at AS DATE) AS day,
    e.found_usd_per_unit AS usd_per_unit,
    COUNT(*) AS requests,
    SUM(CAST(e.charged - e.found_owed AS DECIMAL(38,0))) AS variance
FROM explained AS e
INNER JOIN causes AS c
    ON c.provider = COALESCE(e.provider, '') AND c.sku = e.found_sku AND c.unit = e.found_unit
    AND c.verdict = e.found_verdict AND c.hypotheses = e.hypotheses AND c.is_extreme = e.is_extreme
GROUP BY c.finding, CAST(e.used_at AS DATE), e.found_usd_per_unit
