-- The keys of each line, and of the objects in it that are read.
SELECT ROW_NUMBER() OVER () AS line, json_keys(json, ['$', '$.request', '$.response']) AS keys
FROM read_ndjson_objects($path, ignore_errors = true)
