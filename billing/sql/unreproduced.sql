-- Of each card the largest charges that no hypothesis gives and that are not off by ten times, for they tell a ratio best.
WITH largest AS (
    SELECT
        found_card AS card,
        MAX_BY({'exact': found_exact, 'charged': charged, 'step': found_step, 'lift': found_lift}, charged, $most) AS charges
    FROM mismatched
    WHERE state < 4
        AND rowid NOT IN (SELECT mismatch FROM reproduced)
        AND charged < 10 * CAST(found_exact AS DECIMAL(38,0))
        AND 10 * CAST(charged AS DECIMAL(38,0)) > found_exact
    GROUP BY found_card
)

SELECT card, UNNEST(charges, recursive := TRUE)
FROM largest
ORDER BY card
