-- What of a provider is in no sum of its account: requests and refunds without a time, and whatever is in another unit.
SELECT
    (SELECT COUNT(*) FROM usage_records WHERE provider = $provider AND used_at IS NULL AND status <> 'summary') AS untimed,
    (SELECT COUNT(*) FROM drawn WHERE NOT is_counted)
        + (SELECT COUNT(*) FROM usage_records
            WHERE provider = $provider AND status = 'refund' AND unit <> $unit AND used_at < $until)
        + (SELECT COUNT(*) FROM account_entries WHERE provider = $provider AND unit <> $unit AND booked_at < $until)
        + (SELECT COUNT(*) FROM balance_snapshots WHERE provider = $provider AND unit <> $unit AND read_at <= $until)
        AS other_units
