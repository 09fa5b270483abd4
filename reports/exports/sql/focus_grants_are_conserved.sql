-- In each month the effective costs of what grants paid for are exactly what left the grants by their own account.
WITH told AS (
    SELECT BillingAccountId, BillingPeriodStart, BillingCurrency, SUM(EffectiveCost) AS cost
    FROM focus
    WHERE x_CostBasis = 'grant'
    GROUP BY ALL
)

SELECT COALESCE(t.BillingAccountId, c.account) AS account, COALESCE(t.BillingPeriodStart, c.month) AS month, t.cost, c.cost AS wanted
FROM told AS t
FULL JOIN grant_controls AS c
    ON c.account = t.BillingAccountId AND c.month = t.BillingPeriodStart AND c.currency = t.BillingCurrency
WHERE COALESCE(t.cost, 0) <> COALESCE(c.cost, 0)
