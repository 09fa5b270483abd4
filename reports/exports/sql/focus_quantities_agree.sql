-- What is consumed is what is priced, in the unit of the price; a refund consumes nothing.
SELECT *
FROM focus
WHERE ChargeCategory = 'Usage'
    AND CASE
        WHEN x_Kind = 'refund' THEN ConsumedQuantity <> 0
        WHEN PricingUnit = '1000000 Tokens' THEN PricingQuantity * 1000000 <> ConsumedQuantity OR ConsumedUnit <> 'Tokens'
        WHEN PricingUnit = 'Requests' THEN PricingQuantity <> ConsumedQuantity OR ConsumedUnit <> 'Requests'
        ELSE ConsumedQuantity < 0
    END
