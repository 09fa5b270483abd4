-- Every amount is a decimal: a binary fraction would round it.
SELECT DISTINCT typeof(BilledCost) AS billed, typeof(EffectiveCost) AS effective, typeof(ListCost) AS listed,
    typeof(PricingQuantity) AS quantity, typeof(PricingCurrencyEffectiveCost) AS credits
FROM focus
WHERE typeof(BilledCost) NOT LIKE 'DECIMAL%' OR typeof(EffectiveCost) NOT LIKE 'DECIMAL%' OR typeof(ListCost) NOT LIKE 'DECIMAL%'
    OR typeof(PricingQuantity) NOT LIKE 'DECIMAL%' OR typeof(PricingCurrencyEffectiveCost) NOT LIKE 'DECIMAL%'
