-- The ids that seem to stand for several requests each.
SELECT request_id
FROM judged
GROUP BY id_provider, request_id
HAVING COUNT(DISTINCT CASE WHEN verdict = 'conflict' OR place = 1 THEN content END) > 2
ORDER BY request_id
