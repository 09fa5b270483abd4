-- Ids that are in the ledger more than once.
SELECT COALESCE(provider, '') AS id_provider, request_id
FROM usage_records
GROUP BY COALESCE(provider, ''), request_id
HAVING COUNT(*) > 1
ORDER BY request_id
