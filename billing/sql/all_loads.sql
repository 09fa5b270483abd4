-- Each time the bytes of a digest were read: how many of their records were rejected, in all loads of a file that grew.
WITH RECURSIVE loads AS (
    SELECT file_id AS last_id, file_id, continues, digest, rejected
    FROM files
    WHERE digest = $digest AND shape IS NOT NULL
    UNION ALL
    SELECT l.last_id, f.file_id, f.continues, f.digest, f.rejected
    FROM files AS f
    INNER JOIN loads AS l ON f.file_id = l.continues
)

SELECT CAST(SUM(rejected) AS BIGINT) AS rejected, LIST(DISTINCT digest) AS digests
FROM loads
GROUP BY last_id
