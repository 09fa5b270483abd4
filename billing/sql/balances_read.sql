-- The readings of an account up to an instant and in it.
SELECT read_at, balance
FROM balance_snapshots
WHERE provider = $provider AND unit = $unit AND read_at <= $until
ORDER BY read_at NULLS LAST, balance DESC NULLS LAST
