-- How many records a file told, and how many of them were rejected, each time it was read with other options and was shorter,
-- with all loads of a file that grew.
WITH RECURSIVE loads AS (
    SELECT file_id AS last_id, *
    FROM files
    WHERE path = $path AND reading <> $reading AND shape IS NOT NULL AND bytes < $bytes
    UNION ALL
    SELECT l.last_id, f.* FROM files AS f INNER JOIN loads AS l ON f.file_id = l.continues
)

SELECT
    ARG_MAX(digest, file_id) AS digest,
    MAX(bytes) AS bytes,
    CAST(SUM(records) AS BIGINT) AS records,
    CAST(SUM(rejected) AS BIGINT) AS rejected
FROM loads
GROUP BY last_id
ORDER BY bytes DESC, rejected
