-- The lines in which a key that is read may stand twice. Of all the ways in which keys stand in a line there are few, so
-- each is looked at once.
WITH ways AS (
    SELECT ANY_VALUE(keys) AS keys, LIST(line) AS lines FROM keys GROUP BY CAST(keys AS VARCHAR)
)

SELECT UNNEST(lines) AS line
FROM ways
WHERE len(list_filter(keys, lambda part: list_unique(part) < len(part))) > 0
