-- The staged records that an earlier line or load tells word for word: whatever else is told of their ids, they add nothing.
-- Of snapshots the last word alone is told again; the others are superseded.
WITH told AS (
    SELECT rowid AS nth, *
    FROM stage
    WHERE NOT is_snapshot AND id_hash IN (SELECT id_hash FROM twice)
    UNION ALL BY NAME
    SELECT *
    FROM usage_records
    WHERE NOT is_snapshot AND id_hash IN (SELECT id_hash FROM twice)
),

alike AS (
    SELECT
        * EXCLUDE (nth, file_id, line),
        LIST_SORT(LIST({'file_id': file_id, 'line': line, 'nth': nth})) AS places
    FROM told
    GROUP BY ALL
)

SELECT UNNEST(places[2:], recursive := true) FROM alike
