-- What is bought is billed once, when it is bought, and has no effective cost: that comes with its use.
SELECT *
FROM focus
WHERE ChargeCategory = 'Purchase' AND NOT (EffectiveCost = 0 AND BilledCost > 0 AND PricingCurrencyEffectiveCost = 0)
