-- What is judged waits no longer.
DELETE FROM stage WHERE id_hash IN (SELECT id_hash FROM contested)
