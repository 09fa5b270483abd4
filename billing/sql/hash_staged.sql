-- What came into the stage without the hash of its id gets it.
UPDATE stage SET id_hash = hash(request_id) WHERE id_hash IS NULL
