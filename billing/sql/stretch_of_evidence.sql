-- The requests of a stretch of the evidence.
SELECT
    number,
    input,
    output,
    cache_read,
    cache_write_5m,
    cache_write_1h,
    cache_write_unsplit,
    web_searches,
    charged
FROM evidence
WHERE number BETWEEN $first AND $last
ORDER BY number
