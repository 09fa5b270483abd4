-- What is metered is usage; rounding and all else that is left beside it is an adjustment.
SELECT *
FROM focus
WHERE (ChargeCategory = 'Usage') <> (x_Kind = 'usage' OR (x_Kind = 'refund' AND SkuId IS NOT NULL))
    OR (ChargeCategory = 'Adjustment' AND x_Kind NOT IN ('rounding', 'variance', 'carried', 'at_least', 'refund', 'expired', 'missing'))
    OR (ChargeCategory = 'Adjustment' AND PricingQuantity IS NOT NULL)
