-- The days that the ledger holds requests of, to one provider or to any.
SELECT CAST(used_at AS DATE) AS day
FROM usage_records
WHERE used_at IS NOT NULL
    AND status NOT IN ('summary', 'refund')
    AND ($provider IS NULL OR provider = $provider)
GROUP BY CAST(used_at AS DATE)
