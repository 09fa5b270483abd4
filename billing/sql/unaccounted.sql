-- How many records the files say they brought, how many there are, and how many of these are of no file.
SELECT
    (SELECT COALESCE(SUM(CAST(imported AS DECIMAL(38,0))), 0) FROM files) AS imported,
    COUNT(*) AS held,
    COUNT(*) FILTER (WHERE file_id NOT IN (SELECT file_id FROM files)) AS of_no_file
FROM held
