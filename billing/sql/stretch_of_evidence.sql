-- The requests of a stretch of the evidence, or those of it with some numbers.
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
WHERE number BETWEEN $first AND $last AND ($numbers IS NULL OR list_contains($numbers, number))
ORDER BY number
