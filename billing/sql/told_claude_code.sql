-- What the lines of a session tell, under the names that all shapes share. Its own messages no vendor sent.
SELECT
    file_index,
    line,
    timestamp,
    message.id,
    requestId AS client_id,
    message.model AS sku,
    CAST(NULL AS VARCHAR) AS provider,
    NULLIF(regexp_extract(cwd, '([^/\\"]*)[/\\]*"$', 1), '') AS project,
    CAST(NULL AS VARCHAR) AS api_key_id,
    CAST(NULL AS JSON) AS tags,
    CAST(NULL AS JSON) AS http_status,
    message.usage AS usage,
    CAST(NULL AS JSON) AS charge,
    CAST(NULL AS JSON) AS error,
    TRUE AS is_snapshot,
    type <> '"assistant"' AND starts_with(type, '"') AS is_ignored,
    type = '"assistant"' AND (isApiErrorMessage IS NULL OR isApiErrorMessage = 'false')
        AND message.credits_consumed IS NULL AND message.provider IS NULL AND message.request_id IS NULL
        AND message.error IS NULL AND message.model <> '<synthetic>'
        AND (cwd IS NULL OR regexp_full_match(cwd, '"[/A-Za-z][ !#-\[\]-~]*"')) AS is_known
FROM lines
