-- The requests of a stretch of the evidence, or those of it with some numbers.
SELECT {told}
FROM evidence
WHERE number BETWEEN $first AND $last AND ($numbers IS NULL OR list_contains($numbers, number))
ORDER BY number
