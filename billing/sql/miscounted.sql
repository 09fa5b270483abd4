-- Files whose counts do not add up, or that hold more requests than they brought. A request may leave its file later, for
-- one that tells more of it; it never comes to a file after its load.
SELECT f.path
FROM files AS f
LEFT JOIN (SELECT file_id, COUNT(*) AS requests FROM usage_records GROUP BY file_id) AS u ON u.file_id = f.file_id
WHERE f.records <> f.imported + f.duplicate + f.superseded + f.conflict + f.rejected
    OR COALESCE(u.requests, 0) > f.records - f.rejected
ORDER BY f.path
