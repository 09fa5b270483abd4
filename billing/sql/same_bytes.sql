-- What became of the records of these bytes when they were read with the same options, with all loads of a file that grew.
WITH RECURSIVE loads AS (
    (SELECT * FROM files WHERE digest = $digest AND reading = $reading AND shape IS NOT NULL ORDER BY file_id DESC LIMIT 1)
    UNION ALL
    SELECT f.* FROM files AS f INNER JOIN loads AS l ON f.file_id = l.continues
)

SELECT
    ARG_MAX(shape, file_id) AS shape,
    CAST(SUM(records) AS BIGINT) AS records,
    CAST(SUM(imported) AS BIGINT) AS imported,
    CAST(SUM(duplicate) AS BIGINT) AS duplicate,
    CAST(SUM(superseded) AS BIGINT) AS superseded,
    CAST(SUM(conflict) AS BIGINT) AS conflict,
    CAST(SUM(rejected) AS BIGINT) AS rejected,
    CAST(SUM(ignored) AS BIGINT) AS ignored
FROM loads
HAVING COUNT(*) > 0
