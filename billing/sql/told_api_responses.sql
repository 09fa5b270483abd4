-- What the lines tell, under the names that all shapes share.
SELECT
    file_index,
    line,
    timestamp,
    response.id,
    request_id AS client_id,
    COALESCE(NULLIF(request.model, ''), response.model) AS sku,
    NULLIF(provider, '') AS provider,
    project,
    api_key_id,
    tags,
    status AS http_status,
    response.usage AS usage,
    response.credits_consumed AS charge,
    response.error AS error,
    FALSE AS is_snapshot,
    FALSE AS is_ignored,
    credits_consumed IS NULL AND response.object IS NULL AND response.provider IS NULL AND response.request_id IS NULL
        AND (response.type = 'message' OR response.error IS NOT NULL) AS is_known
FROM lines
