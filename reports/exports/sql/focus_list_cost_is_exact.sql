-- Quantity times price is the cost, to the last digit.
SELECT *
FROM focus
WHERE ListUnitPrice IS NOT NULL
    AND (CAST(ListUnitPrice * PricingQuantity AS DECIMAL(38,24)) <> ListCost
        OR CAST(ContractedUnitPrice * PricingQuantity AS DECIMAL(38,24)) <> ContractedCost)
