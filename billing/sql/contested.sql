-- The ids that are told more than once: in this file, or in this file and in the ledger.
SELECT COALESCE(s.provider, '') AS id_provider, s.request_id, ANY_VALUE(s.id_hash) AS id_hash
FROM named AS s
GROUP BY COALESCE(s.provider, ''), s.request_id
HAVING COUNT(*) > 1
UNION
SELECT COALESCE(s.provider, ''), s.request_id, s.id_hash
FROM named AS s
INNER JOIN usage_records AS u
    ON u.id_hash = s.id_hash AND u.request_id = s.request_id AND COALESCE(u.provider, '') = COALESCE(s.provider, '')
