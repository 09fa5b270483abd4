-- The days on which anything was drawn, and when first.
SELECT CAST(used_at AS DATE) AS day, MIN(used_at) AS first_at
FROM drawn
WHERE used_at IS NOT NULL
GROUP BY CAST(used_at AS DATE)
