-- The hashes of ids that are told more than once: in the stage, or in it and in the ledger.
SELECT id_hash FROM stage GROUP BY id_hash HAVING COUNT(*) > 1
UNION
SELECT id_hash FROM usage_records WHERE id_hash IN (SELECT id_hash FROM stage)
