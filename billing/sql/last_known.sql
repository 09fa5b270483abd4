-- The last instant that anything is known of a provider's account.
SELECT MAX(told_at) AS told_at
FROM (
    SELECT MAX(used_at) AS told_at FROM usage_records WHERE provider = $provider
    UNION ALL
    SELECT MAX(booked_at) AS told_at FROM account_entries WHERE provider = $provider
    UNION ALL
    SELECT MAX(read_at) AS told_at FROM balance_snapshots WHERE provider = $provider
) AS told
