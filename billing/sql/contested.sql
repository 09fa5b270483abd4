-- The ids that are told more than once: in this file, or in this file and in the ledger.
SELECT COALESCE(s.provider, '') AS id_provider, s.request_id
FROM stage AS s
GROUP BY COALESCE(s.provider, ''), s.request_id
HAVING COUNT(*) > 1
UNION
SELECT COALESCE(s.provider, ''), s.request_id
FROM stage AS s
INNER JOIN usage_records AS u
    ON u.request_id = s.request_id AND COALESCE(u.provider, '') = COALESCE(s.provider, '')
