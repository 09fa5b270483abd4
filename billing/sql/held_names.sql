-- The providers and names of SKUs that the ledger holds requests of.
SELECT DISTINCT provider, sku
FROM usage_records
WHERE provider IS NOT NULL AND status NOT IN ('summary', 'refund')
ORDER BY provider, sku
