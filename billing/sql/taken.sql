-- Of each file how many lines the engine took, how many of them are no records, and the last one.
SELECT
    file_id,
    CAST(SUM(len(tellings)) AS BIGINT) AS lines,
    CAST(SUM(CASE WHEN status = 'ignored' THEN len(tellings) ELSE 0 END) AS BIGINT) AS ignored,
    MAX(last_line) AS last_line
FROM requests
GROUP BY file_id
