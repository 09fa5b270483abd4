-- What each SKU and project took of single days of a provider, for which nothing else is asked of the ledger.
SELECT
    day,
    sku,
    project,
    SUM(CAST(spend AS DECIMAL(38,0))) AS spend
FROM spending
WHERE provider IS NOT DISTINCT FROM $provider AND unit IS NOT DISTINCT FROM $unit
    AND list_contains($days, day)
GROUP BY day, sku, project
