-- The lines of a file that the engine left.
SELECT n.range AS line
FROM range(1, $lines + 1) AS n
WHERE n.range NOT IN (
    SELECT told.line FROM (SELECT UNNEST(tellings, recursive := true) FROM requests WHERE file_id = $file_id) AS told
)
