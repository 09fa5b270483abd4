-- The records of one day that the same verdict will be given for the same reason, as one: few rows, whatever the number
-- of requests. Names are those of the rate, and are told only where there is none.
SELECT
    rate_id,
    CASE WHEN rate_id = 0 THEN provider END AS provider,
    CASE WHEN rate_id = 0 THEN sku END AS sku,
    unit,
    state,
    side,
    gap,
    COUNT(*) AS requests,
    COUNT(charged) AS reported,
    SUM(CAST(prompt_tokens + output AS {total})) AS tokens,
    SUM(CAST(charged AS {total})) AS charged,
    SUM(CAST(refunded AS {total})) AS refunded,
    SUM(CAST(exact_amount AS {total})) AS exact_amount,
    SUM(CAST(rounded_amount AS {total})) AS rounded_amount,
    MAX(rounded_amount) AS dearest,
    MIN(used_at) AS first_at,
    MAX(used_at) AS last_at
FROM rated
GROUP BY
    rate_id,
    CASE WHEN rate_id = 0 THEN provider END,
    CASE WHEN rate_id = 0 THEN sku END,
    unit,
    state,
    side,
    gap,
    at_us - at_us % 86400000000
