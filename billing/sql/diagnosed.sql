-- The mismatched requests summed by what could explain them: few rows, whatever the number of requests.
SELECT
    COALESCE(provider, '') AS provider,
    found_sku AS sku,
    found_unit AS unit,
    found_usd_per_unit AS usd_per_unit,
    found_verdict AS verdict,
    found_card AS card,
    state,
    error,
    hypotheses,
    is_extreme,
    COUNT(*) AS requests,
    SUM(CAST(charged AS DECIMAL(38,0))) AS charged,
    SUM(CAST(refunded AS DECIMAL(38,0))) AS refunded,
    SUM(CAST(found_owed AS DECIMAL(38,0))) AS expected,
    SUM(CAST(charged - found_owed AS DECIMAL(38,0))) AS variance,
    MIN(used_at) AS first_at,
    MAX(used_at) AS last_at
FROM explained
GROUP BY
    provider, found_sku, found_unit, found_usd_per_unit, found_verdict, found_card, state, error, hypotheses, is_extreme
