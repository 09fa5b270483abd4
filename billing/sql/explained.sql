-- Each mismatched request with the hypotheses that give its charge to the last digit, if any. `audited` here is audited by
-- hypothetical cards, and without tolerance.
WITH reproduced AS (
    SELECT
        provider,
        request_id,
        STRING_AGG(CAST(hypothesis AS VARCHAR), ',' ORDER BY hypothesis) AS hypotheses
    FROM audited
    WHERE verdict = 'matched'
    GROUP BY provider, request_id
)

SELECT
    m.*,
    COALESCE(r.hypotheses, '') AS hypotheses,
    r.hypotheses IS NULL AND (
        m.charged >= CAST(10 AS DECIMAL(2,0)) * CAST(m.found_owed AS DECIMAL(35,0))
        OR CAST(10 AS DECIMAL(2,0)) * CAST(m.charged AS DECIMAL(35,0)) <= m.found_owed
    ) AS is_extreme
FROM mismatched AS m
LEFT JOIN reproduced AS r ON r.provider = m.provider AND r.request_id = m.request_id
