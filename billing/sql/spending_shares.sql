-- What was spent from one day to another, for each project, key and tag, the largest first. Of names beyond the first $most
-- of a dimension there is one row, with how many they are. A NULL name is what is not tagged; of tags only what is.
WITH chosen AS (
    SELECT * FROM spending WHERE day >= $this_month AND day < $month_end
),

by_tags AS (
    SELECT
        from_json(tags, '"MAP(VARCHAR, VARCHAR)"') AS told,
        provider,
        unit,
        usd_per_unit,
        SUM(requests) AS requests,
        SUM(unknown) AS unknown,
        SUM(CAST(spend AS DECIMAL(38,0))) AS spend
    FROM chosen
    WHERE tags IS NOT NULL
    GROUP BY tags, provider, unit, usd_per_unit
),

tagged AS (
    SELECT *, UNNEST(map_entries(told)) AS tag FROM by_tags
),

named AS (
    SELECT 'project' AS dimension, project AS name, provider, unit, usd_per_unit, requests, unknown, spend FROM chosen
    UNION ALL
    SELECT 'api_key_id', api_key_id, provider, unit, usd_per_unit, requests, unknown, spend FROM chosen
    UNION ALL
    SELECT concat('tag:', tag.key), tag.value, provider, unit, usd_per_unit, requests, unknown, spend FROM tagged
),

summed AS (
    SELECT
        dimension,
        name,
        provider,
        unit,
        usd_per_unit,
        SUM(requests) AS requests,
        SUM(unknown) AS unknown,
        SUM(CAST(spend AS DECIMAL(38,0))) AS spend
    FROM named
    GROUP BY dimension, name, provider, unit, usd_per_unit
),

numbered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY dimension, provider, unit
            ORDER BY CASE WHEN name IS NULL THEN 0 ELSE 1 END, spend DESC, name, usd_per_unit NULLS LAST
        ) AS nth
    FROM summed
)

SELECT
    dimension,
    CASE WHEN nth <= $most THEN name END AS name,
    provider,
    unit,
    usd_per_unit,
    nth > $most AS is_rest,
    COUNT(*) AS names,
    SUM(requests) AS requests,
    SUM(unknown) AS unknown,
    SUM(spend) AS spend
FROM numbered
GROUP BY dimension, CASE WHEN nth <= $most THEN name END, provider, unit, usd_per_unit, nth > $most
