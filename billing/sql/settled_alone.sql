-- How many of the records of each file are what, where nobody else claims their ids.
SELECT
    file_id,
    COUNT(*) AS imported,
    CAST(SUM(duplicates) AS BIGINT) AS duplicate,
    CAST(SUM(snapshots) AS BIGINT) AS superseded
FROM alone
GROUP BY file_id
