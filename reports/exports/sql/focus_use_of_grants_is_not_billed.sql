-- What is paid from a grant is not billed again.
SELECT * FROM focus WHERE x_CostBasis = 'grant' AND ChargeCategory <> 'Purchase' AND BilledCost <> 0
