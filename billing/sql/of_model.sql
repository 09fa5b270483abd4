-- The selected requests under one of the names that are to be compared, with how each ended. A call that is charged twice
-- is one use.
SELECT
    s.*,
    CASE WHEN s.is_repeat THEN 'charged_again' ELSE s.status END AS ending
FROM selected AS s
WHERE EXISTS (SELECT 1 FROM names AS n WHERE n.provider = s.provider AND n.name = s.sku)
