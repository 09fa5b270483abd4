-- How many requests of some names a hypothetical rounding rule was held against, and how many of them it does not give.
SELECT
    COUNT(*) AS requests,
    SUM(CASE WHEN side <> 0 THEN 1 ELSE 0 END) AS missed
FROM audited
INNER JOIN sku_names AS n ON n.name = audited.sku
WHERE verdict IN ('matched', 'overcharged', 'undercharged')
