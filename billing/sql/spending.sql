-- What was spent: a row per day, rate, project, key, tags and reason. Every table of a statement is a sum over these rows, so
-- that all of them add up. `spend` is what was charged and not given back; where no charge is said, what is expected. It
-- is a sum over those whose spend is known: the others are counted in `unknown`.
SELECT
    COALESCE(sold_by, provider) AS provider,
    COALESCE(sold_as, sku) AS sku,
    counted_in AS unit,
    usd_value AS usd_per_unit,
    CAST(first_at AS DATE) AS day,
    rate_id,
    reason,
    project,
    api_key_id,
    tags,
    exact IS NOT NULL AS is_priced,
    CAST(requests AS DECIMAL(38,0)) AS requests,
    CAST(CASE WHEN state < 3 THEN requests ELSE 0 END AS DECIMAL(38,0)) AS used,
    CAST(CASE WHEN owed IS NULL AND state < 3 THEN requests - reported ELSE 0 END AS DECIMAL(38,0)) AS unknown,
    CAST(reported AS DECIMAL(38,0)) AS reported,
    input,
    output,
    cache_read,
    cache_write_5m,
    cache_write_1h,
    cache_write_unsplit,
    web_searches,
    exact,
    owed AS expected,
    CASE WHEN reported = 0 THEN owed END AS expected_unreported,
    charged,
    refunded,
    variance,
    COALESCE(charged, 0) - refunded + COALESCE(CASE WHEN reported = 0 THEN owed END, 0) AS spend
FROM audited
