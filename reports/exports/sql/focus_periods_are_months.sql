-- A billing period is a calendar month, and a charge is of one day in it.
SELECT *
FROM focus
WHERE BillingPeriodStart <> date_trunc('month', BillingPeriodStart)
    OR BillingPeriodEnd <> BillingPeriodStart + INTERVAL 1 MONTH
    OR ChargePeriodStart < BillingPeriodStart
    OR ChargePeriodEnd > BillingPeriodEnd
    OR ChargePeriodEnd <> ChargePeriodStart + INTERVAL 1 DAY
