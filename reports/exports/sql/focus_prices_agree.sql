-- A price in dollars is the price in credits at the value of a credit.
SELECT *
FROM focus
WHERE ChargeCategory = 'Usage'
    AND CAST(PricingCurrencyListUnitPrice * x_UsdPerCredit AS DECIMAL(38,24)) <> CAST(ListUnitPrice AS DECIMAL(38,24))
