-- What the account of a provider without a card is counted in, the unit of most of its entries and readings first.
SELECT unit, COUNT(*) AS records
FROM (
    SELECT unit FROM account_entries WHERE provider = $provider
    UNION ALL
    SELECT unit FROM balance_snapshots WHERE provider = $provider
) AS told
GROUP BY unit
ORDER BY records DESC NULLS LAST, unit NULLS LAST
