-- What requests used that one vector of rates of one seller holds for, and what is charged for them after rounding, apart
-- for those that are priced whole. Each request is here once for each seller that has a rate for it.
WITH summed AS (
    SELECT
        rate_id,
        gap,
        unknown_fields,
        COUNT(*) AS requests,
        SUM(CAST(input AS {total})) AS input,
        SUM(CAST(output AS {total})) AS output,
        SUM(CAST(cache_read AS {total})) AS cache_read,
        SUM(CAST(cache_write_5m AS {total})) AS cache_write_5m,
        SUM(CAST(cache_write_1h AS {total})) AS cache_write_1h,
        SUM(CAST(cache_write_unsplit AS {total})) AS cache_write_unsplit,
        SUM(CAST(web_searches AS {total})) AS web_searches,
        SUM(CAST(rounded_amount AS {total})) AS rounded_amount
    FROM rated
    GROUP BY rate_id, gap, unknown_fields
)

SELECT
    s.*,
    r.card_id,
    r.prompt_above
FROM summed AS s
INNER JOIN rates AS r ON r.rate_id = s.rate_id
WHERE r.card_id IS NOT NULL
ORDER BY s.rate_id NULLS LAST, s.gap NULLS LAST, s.unknown_fields NULLS LAST
