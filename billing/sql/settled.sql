-- How many of the records of each file are what. Those that nobody disputes are left in the stage.
SELECT file_id, verdict, COUNT(*) AS records FROM judged WHERE is_new GROUP BY file_id, verdict
UNION ALL
SELECT file_id, 'imported' AS verdict, COUNT(*) AS records FROM stage GROUP BY file_id
UNION ALL
SELECT file_id, 'duplicate' AS verdict, COUNT(*) AS records FROM told_again GROUP BY file_id
