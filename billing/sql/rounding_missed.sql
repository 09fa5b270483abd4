-- The first requests of some names whose charge a hypothetical rounding rule does not give.
SELECT audited.request_id
FROM audited
INNER JOIN sku_names AS n ON n.name = audited.sku
WHERE verdict IN ('overcharged', 'undercharged') AND side <> 0
ORDER BY used_at, file_id, line
LIMIT $rows
