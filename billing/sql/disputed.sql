-- The hashes of ids that more than one record claims: in this load, in it and in the ledger, or in it and the stage. One
-- slice of all hashes at a time, for all of a large load at once would fill the memory.
INSERT INTO disputed
SELECT id_hash FROM usage_records
WHERE file_id = $file_id AND id_hash BETWEEN $first AND $last
GROUP BY id_hash
HAVING COUNT(*) > 1
UNION
SELECT id_hash FROM usage_records
WHERE file_id <> $file_id AND id_hash BETWEEN $first AND $last
    AND id_hash IN (SELECT id_hash FROM usage_records WHERE file_id = $file_id AND id_hash BETWEEN $first AND $last)
UNION
SELECT hash(request_id) FROM stage WHERE request_id IS NOT NULL AND hash(request_id) BETWEEN $first AND $last
