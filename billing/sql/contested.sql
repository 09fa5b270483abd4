-- The ids that are told more than once: in the stage, or in it and in the ledger. They are found by their hashes, so an id
-- that only shares its hash with another is one of them, to be judged by itself.
WITH twice AS (
    SELECT id_hash FROM stage GROUP BY id_hash HAVING COUNT(*) > 1
    UNION
    SELECT id_hash FROM usage_records WHERE id_hash IN (SELECT id_hash FROM stage)
)

SELECT DISTINCT COALESCE(provider, '') AS id_provider, request_id, id_hash
FROM stage
WHERE id_hash IN (SELECT id_hash FROM twice)
