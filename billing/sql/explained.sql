-- Each mismatched request with what explains its charge: its card and the hypotheses that give the charge to the last digit,
-- if any; or the error of a request that failed; or that its call was charged before.
WITH given AS (
    SELECT mismatch, in_order(array_agg(hypothesis)) AS hypotheses
    FROM reproduced
    GROUP BY mismatch
)

SELECT
    m.provider,
    m.request_id,
    m.used_at,
    m.charged,
    m.refunded,
    m.state,
    m.error,
    m.found_card,
    m.found_sku,
    m.found_unit,
    m.found_usd_per_unit,
    m.found_verdict,
    m.found_owed,
    CASE
        WHEN m.state = 5 THEN 'repeat'
        WHEN m.state = 4 THEN 'error ' || COALESCE(m.error, '')
        ELSE CAST(m.found_card AS STRING) || ':' || COALESCE(g.hypotheses, '')
    END AS hypotheses,
    CASE
        WHEN m.state < 4 AND g.hypotheses IS NULL
            THEN m.charged >= CAST(10 AS DECIMAL(2,0)) * CAST(m.found_owed AS DECIMAL(35,0))
                OR CAST(10 AS DECIMAL(2,0)) * CAST(m.charged AS DECIMAL(35,0)) <= m.found_owed
        ELSE FALSE
    END AS is_extreme
FROM mismatched AS m
LEFT JOIN given AS g ON g.mismatch = m.mismatch
