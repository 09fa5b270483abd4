-- What no other record disputes goes into the ledger as it is.
INSERT INTO usage_records BY NAME
SELECT {columns}
FROM named AS n
WHERE NOT EXISTS (
    SELECT 1 FROM contested AS c
    WHERE c.id_hash = n.id_hash AND c.request_id = n.request_id AND c.id_provider = COALESCE(n.provider, '')
)
