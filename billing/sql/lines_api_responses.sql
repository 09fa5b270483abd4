-- Each line of a log of answers that a client wrapped, as far as it is read: texts, and JSON where the kind of value
-- matters. Reading stops at a line that is no JSON object or tells a key twice that is read here, or passes over it and
-- takes the first where $is_damaged says so.
SELECT CAST(file_index AS BIGINT) AS file_index, ROW_NUMBER() OVER () AS line, *
FROM read_ndjson($paths, columns = {
    timestamp: 'VARCHAR', request_id: 'JSON', status: 'JSON', provider: 'VARCHAR', api_key_id: 'VARCHAR',
    project: 'VARCHAR', tags: 'JSON', credits_consumed: 'JSON', request: 'STRUCT(model VARCHAR)',
    response: 'STRUCT(id JSON, "type" VARCHAR, "object" JSON, model VARCHAR, provider JSON, request_id JSON,
        error JSON, usage JSON, credits_consumed JSON)'
}, records = true, ignore_errors = $is_damaged)
