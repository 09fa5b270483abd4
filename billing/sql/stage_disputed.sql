-- Records of this load whose id others claim as well wait for judgement with those.
INSERT INTO stage BY NAME
SELECT * FROM usage_records
WHERE file_id = $file_id AND id_hash IN (SELECT id_hash FROM disputed)
