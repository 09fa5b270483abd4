-- How many of the records of each file are what.
SELECT file_id, verdict, COUNT(*) AS records FROM judged WHERE is_new GROUP BY file_id, verdict
UNION ALL
SELECT file_id, 'imported' AS verdict, COUNT(*) AS records FROM uncontested GROUP BY file_id
