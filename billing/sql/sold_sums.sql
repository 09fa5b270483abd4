-- How many requests for one SKU tell of its rates, by unit, and how many do not, by reason.
SELECT
    unit,
    reason,
    COUNT(*) AS requests
FROM sold
GROUP BY unit, reason
ORDER BY requests DESC, unit, reason
