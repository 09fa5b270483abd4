-- What no grant covers is billed at what it is worth, and belongs to nothing that was bought.
SELECT *
FROM focus
WHERE x_CostBasis = 'card' AND (BilledCost <> EffectiveCost OR ChargeCategory NOT IN ('Usage', 'Adjustment'))
