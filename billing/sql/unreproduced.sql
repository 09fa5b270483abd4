-- Of each card the largest charges that no hypothesis gives and that are not off by ten times, for they tell a ratio best.
WITH numbered AS (
    SELECT
        m.*,
        ROW_NUMBER() OVER (PARTITION BY found_card ORDER BY charged DESC, request_id) AS nth
    FROM mismatched AS m
    WHERE state < 4
        AND mismatch NOT IN (SELECT mismatch FROM reproduced)
        AND charged < 10 * CAST(found_exact AS DECIMAL(38,0))
        AND 10 * CAST(charged AS DECIMAL(38,0)) > found_exact
)

SELECT found_card AS card, found_exact AS exact, charged, found_step AS step
FROM numbered
WHERE nth <= $most
ORDER BY found_card, nth
