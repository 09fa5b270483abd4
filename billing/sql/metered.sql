-- What the ledger holds of each SKU, by unit, value of the unit and verdict: what was charged and what is expected, what
-- rounding each request took off (`cut`), and what nobody can tell: charges that have no price beside them
-- (`unknown_charged`) and requests that have neither price nor charge (`unmetered`). What was `given_back` is still charged.
SELECT
    COALESCE(sold_as, sku) AS sku,
    counted_in AS unit,
    usd_value AS usd_per_unit,
    verdict,
    SUM(CAST(requests AS DECIMAL(38,0))) AS requests,
    SUM(CAST(tokens AS DECIMAL(38,0))) AS tokens,
    SUM(CAST(reported AS DECIMAL(38,0))) AS reported,
    SUM(CASE WHEN owed IS NOT NULL THEN CAST(requests AS DECIMAL(38,0)) END) AS priced,
    SUM(CASE WHEN owed IS NULL AND verdict IN ('unpriced', 'incomplete') THEN CAST(requests - reported AS DECIMAL(38,0)) END) AS unmetered,
    SUM(CASE WHEN owed IS NULL AND verdict IN ('unpriced', 'incomplete') AND requests > reported THEN CAST(tokens AS DECIMAL(38,0)) END)
        AS unmetered_tokens,
    MAX(CASE WHEN owed IS NOT NULL THEN dearest END) AS dearest,
    SUM(CAST(charged AS DECIMAL(38,0))) AS charged,
    SUM(CAST(owed AS DECIMAL(38,0))) AS expected,
    SUM(CAST(exact AS DECIMAL(38,0)) - CAST(owed AS DECIMAL(38,0))) AS cut,
    SUM(CASE WHEN verdict = 'unreported' THEN CAST(owed AS DECIMAL(38,0)) END) AS unreported,
    SUM(CASE WHEN owed IS NULL THEN CAST(charged AS DECIMAL(38,0)) END) AS unknown_charged,
    SUM(CAST(refunded AS DECIMAL(38,0))) AS given_back
FROM audited
GROUP BY COALESCE(sold_as, sku), counted_in, usd_value, verdict
