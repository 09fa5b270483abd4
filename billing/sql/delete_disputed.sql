-- What waits in the stage is no longer in the ledger.
DELETE FROM usage_records WHERE file_id = $file_id AND id_hash IN (SELECT id_hash FROM disputed)
