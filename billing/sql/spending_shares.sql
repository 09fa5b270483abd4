-- What was spent from one day to another on each SKU, for each project, key and tag. Of names beyond the largest $most of a
-- dimension there is one row, with how many they are in all, and of tags those that most requests have, at most $most_tags.
-- A NULL name is what is not tagged; of tags only what is.
WITH chosen AS (
    SELECT * FROM spending WHERE day >= $this_month AND day < $month_end
),

by_tags AS (
    SELECT
        from_json(tags, '"MAP(VARCHAR, VARCHAR)"') AS told,
        provider,
        sku,
        unit,
        usd_per_unit,
        SUM(requests) AS requests,
        SUM(unknown) AS unknown,
        SUM(CAST(spend AS DECIMAL(38,0))) AS spend
    FROM chosen
    WHERE tags IS NOT NULL
    GROUP BY tags, provider, sku, unit, usd_per_unit
),

tagged AS (
    SELECT *, UNNEST(map_entries(told)) AS tag FROM by_tags
),

tag_keys AS (
    SELECT tag.key AS tag_key, ROW_NUMBER() OVER (ORDER BY SUM(requests) DESC, tag.key) AS nth_tag
    FROM tagged
    GROUP BY tag.key
),

named AS (
    SELECT 'project' AS dimension, project AS name, provider, sku, unit, usd_per_unit, requests, unknown, spend
    FROM chosen
    UNION ALL
    SELECT 'api_key_id', api_key_id, provider, sku, unit, usd_per_unit, requests, unknown, spend FROM chosen
    UNION ALL
    SELECT concat('tag:', tag.key), tag.value, provider, sku, unit, usd_per_unit, requests, unknown, spend
    FROM tagged
    WHERE tag.key IN (SELECT tag_key FROM tag_keys WHERE nth_tag <= $most_tags)
),

summed AS (
    SELECT
        dimension,
        name,
        provider,
        sku,
        unit,
        usd_per_unit,
        SUM(requests) AS requests,
        SUM(unknown) AS unknown,
        SUM(CAST(spend AS DECIMAL(38,0))) AS spend
    FROM named
    GROUP BY dimension, name, provider, sku, unit, usd_per_unit
),

sized AS (
    SELECT *, SUM(spend) OVER (PARTITION BY dimension, provider, unit, name) AS size FROM summed
),

numbered AS (
    SELECT
        *,
        DENSE_RANK() OVER (
            PARTITION BY dimension, provider, unit
            ORDER BY CASE WHEN name IS NULL THEN 0 ELSE 1 END, size DESC, name
        ) AS nth
    FROM sized
),

counted AS (
    SELECT *, MAX(nth) OVER (PARTITION BY dimension, provider, unit) - $most AS beyond FROM numbered
)

SELECT
    dimension,
    CASE WHEN nth <= $most THEN name END AS name,
    provider,
    sku,
    unit,
    usd_per_unit,
    nth > $most AS is_rest,
    MAX(beyond) AS names,
    SUM(requests) AS requests,
    SUM(unknown) AS unknown,
    SUM(spend) AS spend
FROM counted
GROUP BY dimension, CASE WHEN nth <= $most THEN name END, provider, sku, unit, usd_per_unit, nth > $most
