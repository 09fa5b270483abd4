-- The requests whose charges tell of the rates, numbered in the order of time; or those without a time, in the order of
-- their lines. What failed, was cut or holds usage that nobody can price tells nothing of rates.
SELECT
    ROW_NUMBER() OVER (ORDER BY used_at, file_id, line) AS number,
    request_id,
    used_at,
    input,
    output,
    cache_read,
    cache_write_5m,
    cache_write_1h,
    cache_write_unsplit,
    web_searches,
    GREATEST(1, CAST(input > 0 AS BIGINT) + CAST(output > 0 AS BIGINT) + CAST(cache_read > 0 AS BIGINT)
        + CAST(cache_write_5m > 0 AS BIGINT) + CAST(cache_write_1h > 0 AS BIGINT)
        + CAST(cache_write_unsplit > 0 AS BIGINT) + CAST(web_searches > 0 AS BIGINT)) AS kinds,
    charged
FROM sold
WHERE reason IS NULL AND unit = $unit AND (used_at IS NULL) = $untimed
