-- Each request is counted in one charge.
WITH told AS (
    SELECT BillingAccountId, BillingPeriodStart, SUM(x_Requests) AS requests FROM focus GROUP BY ALL
)

SELECT COALESCE(t.BillingAccountId, c.account) AS account, COALESCE(t.BillingPeriodStart, c.month) AS month, t.requests, c.requests AS wanted
FROM told AS t
FULL JOIN credit_controls AS c ON c.account = t.BillingAccountId AND c.month = t.BillingPeriodStart
WHERE COALESCE(t.requests, 0) <> COALESCE(c.requests, 0)
