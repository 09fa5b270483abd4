-- In each month the credits of all charges are exactly what the account says was used, less what was given back.
WITH told AS (
    SELECT BillingAccountId, BillingPeriodStart, SUM(PricingCurrencyEffectiveCost) AS credits
    FROM focus
    WHERE x_Kind NOT IN ('expired', 'missing')
    GROUP BY ALL
)

SELECT COALESCE(t.BillingAccountId, c.account) AS account, COALESCE(t.BillingPeriodStart, c.month) AS month, t.credits, c.credits AS wanted
FROM told AS t
FULL JOIN credit_controls AS c ON c.account = t.BillingAccountId AND c.month = t.BillingPeriodStart
WHERE COALESCE(t.credits, 0) <> COALESCE(c.credits, 0)
