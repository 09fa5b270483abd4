-- How many readings of an account there are, and of which time.
SELECT COUNT(*) AS readings, MIN(r.read_at) AS first_at, MAX(r.read_at) AS last_at
FROM (
    SELECT read_at FROM balance_snapshots WHERE provider = $provider AND unit = $unit GROUP BY read_at
) AS r
