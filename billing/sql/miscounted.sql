-- Files whose counts do not add up, or that hold more records than they brought. A request may leave its file later, for
-- one that tells more of it; it never comes to a file after its load.
SELECT f.path
FROM files AS f
LEFT JOIN (SELECT file_id, COUNT(*) AS records FROM held GROUP BY file_id) AS h ON h.file_id = f.file_id
WHERE f.records <> f.imported + f.duplicate + f.superseded + f.conflict + f.rejected
    OR COALESCE(h.records, 0) > f.records - f.rejected
ORDER BY f.path
