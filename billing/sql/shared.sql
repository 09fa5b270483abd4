-- The ids that more than one request of a batch claims, or one of them and a record in the stage or in the ledger.
WITH claimed AS (
    SELECT COALESCE(provider, '') AS id_provider, request_id, hash(request_id) AS id_hash
    FROM requests
    WHERE status <> 'ignored'
),

others AS (
    SELECT COALESCE(provider, '') AS id_provider, request_id FROM stage WHERE request_id IS NOT NULL
    UNION ALL
    SELECT COALESCE(u.provider, ''), u.request_id
    FROM usage_records AS u
    WHERE u.id_hash IN (SELECT id_hash FROM claimed)
)

SELECT id_provider, request_id FROM claimed GROUP BY id_provider, request_id HAVING COUNT(*) > 1
UNION
SELECT c.id_provider, c.request_id
FROM claimed AS c
INNER JOIN others AS o ON o.id_provider = c.id_provider AND o.request_id = c.request_id
