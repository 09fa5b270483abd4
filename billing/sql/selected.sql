-- The requests of a stretch of time and a provider; a bound that is NULL leaves its side open. Sums that a vendor tells
-- and refunds are no requests. What remarks say of a few of them stands beside them.
SELECT
    u.*,
    u.input + u.cache_read + u.cache_write_5m + u.cache_write_1h + u.cache_write_unsplit AS prompt_tokens,
    COALESCE(m.is_repeat, FALSE) AS is_repeat,
    COALESCE(m.refunded, 0) AS refunded
FROM usage_records AS u
LEFT JOIN remarks AS m ON m.id_hash = u.id_hash AND m.request_id = u.request_id AND m.provider = u.provider
WHERE u.status NOT IN ('summary', 'refund')
    AND ($from_at IS NULL OR u.used_at >= $from_at)
    AND ($to_at IS NULL OR u.used_at < $to_at)
    AND ($provider IS NULL OR u.provider = $provider)
    AND ($after_load IS NULL OR u.file_id > $after_load)
    AND ($up_to_load IS NULL OR u.file_id <= $up_to_load)
    AND ($request_id IS NULL OR u.request_id = $request_id OR u.client_request_id = $request_id)
