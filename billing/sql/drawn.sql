-- What each request took from an account that is counted in $unit: `reported`, or else what the card makes of it. Where
-- that is not known it is at least `low`, with nothing for what has no price, and at most `high`, NULL where nothing bounds
-- it. A rounding rule that the vendor does not state may be that of its other SKUs, to `doubt` pico-units. A failure that
-- names no charge took nothing.
WITH bounded AS (
    SELECT
        a.*,
        d.doubt,
        8 * (a.component_step - 1) AS slack,
        COALESCE(a.input_amount, 0) + COALESCE(a.output_amount, 0) + COALESCE(a.cache_read_amount, 0)
            + COALESCE(a.cache_write_5m_amount, 0) + COALESCE(a.cache_write_1h_amount, 0)
            + COALESCE(a.web_search_amount, 0) + COALESCE(a.request_amount, 0) AS priced_amount,
        CAST(a.cache_write_unsplit AS {tokens})
            * CAST(COALESCE(LEAST(r.cache_write_5m, r.cache_write_1h), 0) AS {rate}) AS least_written,
        CASE WHEN a.reason = 'cache_ttl_unknown' AND a.input_amount + a.output_amount + a.cache_read_amount
                + a.cache_write_5m_amount + a.cache_write_1h_amount + a.web_search_amount IS NOT NULL
            THEN CAST(a.cache_write_unsplit AS {tokens}) * CAST(GREATEST(r.cache_write_5m, r.cache_write_1h) AS {rate})
        END AS most_written
    FROM audited AS a
    INNER JOIN rates AS r ON r.rate_id = a.rate_id
    INNER JOIN doubts AS d ON d.rate_id = a.rate_id
),

between_steps AS (
    SELECT
        b.*,
        COALESCE(owed, GREATEST(priced_amount + least_written - slack, 0)) AS lower,
        COALESCE(owed, priced_amount + most_written + slack) AS upper,
        CASE WHEN owed IS NULL THEN GREATEST(request_step, doubt) ELSE doubt END AS step
    FROM bounded AS b
)

SELECT
    provider,
    request_id,
    id_hash,
    used_at,
    COALESCE(unit, card_unit, $unit) = $unit AS is_counted,
    charged AS reported,
    CASE WHEN charged IS NULL AND state < 3 THEN COALESCE(owed, lower - lower % step) END AS expected,
    charged IS NULL AND state < 3 AND owed IS NULL AS is_unknown,
    CASE WHEN charged IS NOT NULL OR state >= 3 THEN COALESCE(charged, 0) ELSE lower - lower % step END AS low,
    CASE
        WHEN charged IS NOT NULL OR state >= 3 THEN COALESCE(charged, 0)
        ELSE upper + step - 1 - (upper + step - 1) % step
    END AS high
FROM between_steps
