-- The entries of an account before an instant, in a fixed order.
SELECT kind, booked_at, credits, bonus, paid, currency, expires_at
FROM account_entries
WHERE provider = $provider AND unit = $unit AND booked_at < $until
ORDER BY booked_at NULLS LAST, kind NULLS LAST, entry_id NULLS LAST
