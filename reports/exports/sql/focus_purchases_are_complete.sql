-- What was billed for grants in a month is what was paid for them.
WITH told AS (
    SELECT BillingAccountId, BillingPeriodStart, BillingCurrency, SUM(BilledCost) AS paid
    FROM focus
    WHERE x_CostBasis = 'grant'
    GROUP BY ALL
)

SELECT COALESCE(t.BillingAccountId, c.account) AS account, COALESCE(t.BillingPeriodStart, c.month) AS month, t.paid, c.paid AS wanted
FROM told AS t
FULL JOIN grant_controls AS c
    ON c.account = t.BillingAccountId AND c.month = t.BillingPeriodStart AND c.currency = t.BillingCurrency
WHERE COALESCE(t.paid, 0) <> COALESCE(c.paid, 0)
