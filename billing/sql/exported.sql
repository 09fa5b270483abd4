-- One row per request for other tools, oldest first: names as the rate card has them, amounts in whole pico-units.
SELECT
    a.request_id,
    COALESCE(a.sold_by, a.provider) AS provider,
    COALESCE(a.sold_as, a.sku) AS sku,
    a.used_at AS at,
    a.input,
    a.output,
    a.cache_read,
    a.cache_write_5m,
    a.cache_write_1h,
    CAST(a.charged AS DECIMAL(38,0)) AS charged,
    CAST(a.owed AS DECIMAL(38,0)) AS expected,
    CAST(a.exact AS DECIMAL(38,0)) AS exact,
    CAST(a.variance AS DECIMAL(38,0)) AS variance,
    a.counted_in AS unit,
    a.verdict,
    a.cause,
    a.project,
    l.path,
    a.line,
    a.finding,
    a.reason,
    a.status,
    a.error_status,
    a.cache_write_unsplit,
    a.web_searches,
    a.service_tier,
    a.client_request_id,
    a.sku AS logged_sku,
    a.api_key_id,
    a.tags,
    CAST(a.usd_value AS DECIMAL(38,0)) AS usd_per_unit,
    a.file_id,
    a.card_id
FROM attributed AS a
LEFT JOIN files AS l ON l.file_id = a.file_id
WHERE $findings IS NULL OR list_contains(CAST($findings AS VARCHAR[]), a.finding)
ORDER BY a.used_at NULLS LAST, provider NULLS LAST, a.request_id
