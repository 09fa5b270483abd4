-- The ids that are told more than once. They are found by their hashes, so an id that only shares its hash with another is
-- one of them, to be judged by itself.
SELECT DISTINCT COALESCE(provider, '') AS id_provider, request_id, id_hash
FROM stage
WHERE id_hash IN (SELECT id_hash FROM twice)
