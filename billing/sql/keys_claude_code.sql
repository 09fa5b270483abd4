-- The keys of each line, and of the object in it that is read.
SELECT ROW_NUMBER() OVER () AS line, json_keys(json, ['$', '$.message']) AS keys
FROM read_ndjson_objects($path, ignore_errors = true)
