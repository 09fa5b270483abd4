-- The first instant that the ledger knows of an account: a request, an entry or a reading.
SELECT MIN(told_at)
FROM (
    SELECT MIN(used_at) AS told_at FROM usage_records WHERE provider = $provider
    UNION ALL
    SELECT MIN(booked_at) AS told_at FROM account_entries WHERE provider = $provider
    UNION ALL
    SELECT MIN(read_at) AS told_at FROM balance_snapshots WHERE provider = $provider
) AS told
