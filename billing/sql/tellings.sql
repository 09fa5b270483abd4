-- All that the file at hand tells of requests: what waits to be judged, and what the engine took at once.
SELECT {columns} FROM stage
UNION ALL
SELECT {columns} FROM usage_records
