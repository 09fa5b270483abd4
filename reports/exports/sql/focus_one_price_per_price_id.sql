-- A price has one SKU, one meter and one amount.
SELECT SkuPriceId
FROM focus
WHERE ChargeCategory = 'Usage' AND x_UsdPerCredit IS NOT NULL
GROUP BY ALL
HAVING COUNT(DISTINCT ROW(SkuId, SkuMeter, PricingCurrencyListUnitPrice, PricingUnit)) > 1
