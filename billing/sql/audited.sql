-- What was charged beside what is expected, and the verdict, of each record or of each sum of records alike. Variance is
-- charged less expected. An amount that can't be known is NULL, with a reason. Nothing is owed for a request that failed
-- or whose call was charged before, so a charge for it is all variance. What was given back of a charge stands beside it:
-- it takes a request out of the findings, and nothing out of charge and variance. usd_value is pico-dollars for one of the
-- units that the charge is counted in, which need not be the card's.
WITH carded AS (
    SELECT
        a.*,
        r.card_id,
        r.hypothesis,
        r.provider AS sold_by,
        r.sku AS sold_as,
        r.unit AS card_unit,
        r.usd_per_unit,
        r.nothing_published,
        r.writes_differ
    FROM rated AS a
    INNER JOIN rates AS r ON r.rate_id = a.rate_id
),

reasoned AS (
    SELECT
        c.*,
        CASE
            WHEN state >= 4 THEN NULL
            WHEN state = 3 THEN 'request_failed'
            WHEN state = 2 THEN 'stream_incomplete'
            WHEN rate_id = 0 AND NOT EXISTS (SELECT 1 FROM names AS n WHERE n.provider = c.provider)
                THEN 'unknown_provider'
            WHEN rate_id = 0 AND NOT EXISTS (SELECT 1 FROM names AS n WHERE n.provider = c.provider AND n.name = c.sku)
                THEN 'unknown_sku'
            WHEN rate_id = 0 THEN 'no_rate_in_force'
            WHEN gap >= 2 AND nothing_published THEN 'price_unpublished'
            WHEN gap = 3 AND writes_differ THEN 'cache_ttl_unknown'
            WHEN gap >= 1 THEN 'kind_unpublished'
            WHEN state = 1 THEN 'unknown_usage_field'
            WHEN unit <> card_unit THEN 'unit_differs'
        END AS reason
    FROM carded AS c
),

expecting AS (
    SELECT
        r.*,
        CASE WHEN reason IS NULL AND state < 4 THEN exact_amount END AS exact,
        CASE WHEN state >= 4 THEN 0 WHEN reason IS NULL THEN rounded_amount END AS owed
    FROM reasoned AS r
)

SELECT
    e.*,
    charged - owed AS variance,
    COALESCE(unit, card_unit) AS counted_in,
    CASE
        WHEN COALESCE(unit, card_unit) = card_unit THEN usd_per_unit
        WHEN unit = 'USD' THEN 1000000000000
    END AS usd_value,
    CASE
        WHEN state = 4 THEN 'charged_failure'
        WHEN state IN (3, 6) THEN 'failed'
        WHEN state = 5 THEN 'overcharged'
        WHEN state = 7 THEN 'matched'
        WHEN state = 2 THEN 'incomplete'
        WHEN reason IS NOT NULL THEN 'unpriced'
        WHEN side IS NULL THEN 'unreported'
        WHEN side > 0 THEN 'overcharged'
        WHEN side < 0 THEN 'undercharged'
        ELSE 'matched'
    END AS verdict
FROM expecting AS e
