-- Of each card the largest charges that no hypothesis gives and that are not off by ten times, for they tell a ratio best.
WITH largest AS (
    SELECT
        m.found_card,
        m.found_exact,
        m.charged,
        m.found_step,
        m.found_lift,
        ROW_NUMBER() OVER (
            PARTITION BY m.found_card
            ORDER BY m.charged DESC NULLS LAST, m.provider NULLS LAST, m.request_id NULLS LAST
        ) AS nth
    FROM mismatched AS m
    WHERE m.state < 4
        AND NOT EXISTS (SELECT 1 FROM reproduced AS r WHERE r.mismatch = m.mismatch)
        AND m.charged < CAST(10 AS DECIMAL(2,0)) * CAST(m.found_exact AS DECIMAL(35,0))
        AND CAST(10 AS DECIMAL(2,0)) * CAST(m.charged AS DECIMAL(35,0)) > m.found_exact
)

SELECT
    found_card AS card,
    found_exact AS exact,
    charged,
    found_step AS step,
    found_lift AS lift
FROM largest
WHERE nth <= $most
ORDER BY found_card NULLS LAST, nth NULLS LAST
