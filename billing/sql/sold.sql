-- The requests for one SKU, by all of its names, each with the reason why its charge tells nothing of the rates, if so.
SELECT
    u.*,
    CASE
        WHEN u.status <> 'ok' THEN u.status
        WHEN u.service_tier <> $service_tier THEN 'other_service_tier'
        WHEN u.charged IS NULL OR u.unit IS NULL THEN 'unreported'
        WHEN u.charged < 0 THEN 'charged_below_zero'
        WHEN u.unknown_fields IS NOT NULL THEN 'unknown_usage_field'
    END AS reason
FROM usage_records AS u
INNER JOIN sku_names AS n ON n.name = u.sku
WHERE u.provider = $provider
    AND ($from_at IS NULL OR u.used_at >= $from_at)
    AND ($to_at IS NULL OR u.used_at < $to_at)
