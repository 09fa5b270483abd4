-- An account is priced in one currency: its credits, or dollars, which are worth a dollar.
SELECT BillingAccountId
FROM focus
GROUP BY ALL
HAVING COUNT(DISTINCT PricingCurrency) > 1 OR BOOL_OR(PricingCurrency = 'USD' AND x_UsdPerCredit <> 1)
