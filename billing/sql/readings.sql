-- How many readings of an account there are, and of which time.
SELECT COUNT(DISTINCT read_at) AS readings, MIN(read_at) AS first_at, MAX(read_at) AS last_at
FROM balance_snapshots
WHERE provider = $provider AND unit = $unit
