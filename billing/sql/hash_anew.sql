-- What another engine's hash was kept of.
BEGIN;
UPDATE usage_records SET id_hash = hash(request_id);
UPDATE conflicts SET id_hash = hash(request_id);
UPDATE hash_probe SET hash = hash('tallystick');
COMMIT
