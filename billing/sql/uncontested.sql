-- The staged records that no other record disputes.
SELECT n.*
FROM named AS n
WHERE NOT EXISTS (
    SELECT 1 FROM contested AS c
    WHERE c.id_hash = n.id_hash AND c.request_id = n.request_id AND c.id_provider = COALESCE(n.provider, '')
)
