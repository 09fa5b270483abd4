-- The hashes of ids that more than one record claims: in this load, in it and in the ledger, or in it and the stage.
SELECT id_hash FROM usage_records WHERE file_id = $file_id GROUP BY id_hash HAVING COUNT(*) > 1
UNION
SELECT id_hash FROM usage_records
WHERE file_id <> $file_id AND id_hash IN (SELECT id_hash FROM usage_records WHERE file_id = $file_id)
UNION
SELECT hash(request_id) FROM stage WHERE request_id IS NOT NULL
