-- The selected requests under one of the names that are to be compared.
SELECT s.*
FROM selected AS s
WHERE EXISTS (SELECT 1 FROM names AS n WHERE n.provider = s.provider AND n.name = s.sku)
