-- Every record that the ledger holds, by the load that brought it.
SELECT file_id FROM usage_records
UNION ALL
SELECT file_id FROM account_entries
UNION ALL
SELECT file_id FROM balance_snapshots
