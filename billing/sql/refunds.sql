-- Money given back, as it was recorded, oldest first. `of_request` is the request that it says it is for.
SELECT
    ROW_NUMBER() OVER (ORDER BY used_at NULLS LAST, file_id NULLS LAST, line NULLS LAST, request_id NULLS LAST) AS refund,
    provider,
    sku,
    unit,
    -charged AS amount,
    used_at,
    json_extract_string(tags, '$.of_request') AS of_request
FROM usage_records
WHERE status = 'refund' AND charged < 0 AND ($provider IS NULL OR provider = $provider)
    AND ($up_to_load IS NULL OR file_id <= $up_to_load)
