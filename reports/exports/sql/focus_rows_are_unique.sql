-- No charge stands in it twice.
SELECT BillingAccountId, ChargeDescription, ChargePeriodStart, COUNT(*) AS rows
FROM focus
GROUP BY ALL
HAVING COUNT(*) > COUNT(DISTINCT ROW(
    BillingCurrency, ChargeCategory, SkuPriceId, x_ApiKeyId, x_CostBasis, x_CorrectedDay, x_Kind, x_Project, x_Reason,
    x_UsdPerCredit, Tags
))
