-- What was spent each day; a bound that is NULL leaves its side open.
SELECT
    day,
    provider,
    sku,
    unit,
    usd_per_unit,
    SUM(requests) AS requests,
    SUM(unknown) AS unknown,
    SUM(CAST(expected AS DECIMAL(38,0))) AS expected,
    SUM(CAST(charged AS DECIMAL(38,0))) AS charged,
    SUM(CAST(spend AS DECIMAL(38,0))) AS spend
FROM spending
WHERE ($provider IS NULL OR provider = $provider)
    AND ($project IS NULL OR project = $project)
    AND ($api_key_id IS NULL OR api_key_id = $api_key_id)
GROUP BY day, provider, sku, unit, usd_per_unit
