-- A correction gives back what was charged in an earlier month, and such a refund is a correction.
SELECT *
FROM focus
WHERE (ChargeClass IS NOT NULL) <> COALESCE(x_CorrectedDay < CAST(BillingPeriodStart AS DATE), FALSE)
    OR (ChargeClass IS NOT NULL AND (x_Kind <> 'refund' OR PricingCurrencyEffectiveCost > 0 OR EffectiveCost > 0))
