-- The ids that seem to stand for several requests each, and the files that tell them.
WITH reused AS (
    SELECT id_provider, request_id
    FROM judged
    GROUP BY id_provider, request_id
    HAVING COUNT(DISTINCT CASE WHEN verdict = 'conflict' OR place = 1 THEN content END) > 2
)

SELECT DISTINCT j.file_id, j.request_id
FROM judged AS j
INNER JOIN reused AS r ON r.id_provider = j.id_provider AND r.request_id = j.request_id
WHERE j.is_new
ORDER BY j.file_id, j.request_id
