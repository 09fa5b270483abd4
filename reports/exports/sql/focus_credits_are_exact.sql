-- The credits of what is metered are the price in credits times the quantity, to the last digit.
SELECT *
FROM focus
WHERE ChargeCategory = 'Usage'
    AND CAST(PricingCurrencyListUnitPrice * PricingQuantity AS DECIMAL(38,24)) <> CAST(PricingCurrencyEffectiveCost AS DECIMAL(38,24))
