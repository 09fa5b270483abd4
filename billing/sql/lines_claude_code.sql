-- Each line of a coding session, as far as it is read: texts, and JSON where the kind of value matters. Reading stops at
-- a line that is no JSON object or tells a key twice that is read here, or passes over it and takes the first where
-- $is_damaged says so.
SELECT CAST(file_index AS BIGINT) AS file_index, ROW_NUMBER() OVER () AS line, *
FROM read_ndjson($paths, columns = {
    "type": 'JSON', timestamp: 'VARCHAR', requestId: 'JSON', cwd: 'JSON', isApiErrorMessage: 'JSON',
    message: 'STRUCT(id JSON, model VARCHAR, usage JSON, credits_consumed JSON, provider JSON, request_id JSON,
        error JSON)'
}, records = true, ignore_errors = $is_damaged)
