-- Each mismatched request with the hypotheses that give its charge to the last digit, if any. `rated` here is rated by
-- hypothetical cards.
WITH reproduced AS (
    SELECT
        provider,
        request_id,
        STRING_AGG(CAST(hypothesis AS VARCHAR), ',' ORDER BY hypothesis) AS hypotheses
    FROM rated
    WHERE expected = charged
    GROUP BY provider, request_id
)

SELECT
    m.*,
    COALESCE(r.hypotheses, '') AS hypotheses,
    r.hypotheses IS NULL AND (m.charged >= 10 * m.found_owed OR 10 * m.charged <= m.found_owed) AS is_extreme
FROM mismatched AS m
LEFT JOIN reproduced AS r ON r.provider = m.provider AND r.request_id = m.request_id
