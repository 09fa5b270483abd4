-- What was charged beside what is expected, and the verdict. Variance is charged less expected.
-- Nothing is owed for a request that failed, so a charge for it is all variance. usd_value is pico-dollars for one of
-- the units that the charge is counted in, which need not be the card's.
WITH compared AS (
    SELECT
        r.*,
        CASE WHEN status = 'failed' AND charged > 0 THEN 0 ELSE expected END AS owed
    FROM rated AS r
)

SELECT
    c.*,
    charged - owed AS variance,
    COALESCE(unit, card_unit) AS counted_in,
    CASE
        WHEN COALESCE(unit, card_unit) = card_unit THEN usd_per_unit
        WHEN unit = 'USD' THEN 1000000000000
    END AS usd_value,
    CASE
        WHEN status = 'failed' AND charged > 0 THEN 'charged_failure'
        WHEN status = 'failed' THEN 'failed'
        WHEN status = 'incomplete' THEN 'incomplete'
        WHEN expected IS NULL THEN 'unpriced'
        WHEN charged IS NULL THEN 'unreported'
        WHEN charged - owed > $tolerance THEN 'overcharged'
        WHEN owed - charged > $tolerance THEN 'undercharged'
        ELSE 'matched'
    END AS verdict
FROM compared AS c
