-- What the rates make of each record, before and after the card's rounding rule; both hold only what has a price. `side`
-- is 1 if more was charged, -1 if less, 0 within tolerance and NULL if the charge is not said. What is heavy stands in no
-- CASE: there the engine would compute it again for each use.
WITH summed AS (
    SELECT
        p.*,
        input_amount + output_amount + cache_read_amount + cache_write_5m_amount + cache_write_1h_amount
            + cache_write_unsplit_amount + web_search_amount + request_amount AS exact_amount
    FROM priced AS p
),

-- Rounding to a step is lifting and then cutting: `down` lifts by nothing, `up` by a step less one pico-unit, `half_up`
-- by half a step. A step of 1 pico-unit rounds nothing. Tokens and rates are never negative, so a remainder cuts
-- toward zero.
by_component AS (
    SELECT
        s.*,
        CASE
            WHEN component_step = 1 THEN exact_amount
            ELSE input_amount + component_lift - (input_amount + component_lift) % component_step
                + output_amount + component_lift - (output_amount + component_lift) % component_step
                + cache_read_amount + component_lift - (cache_read_amount + component_lift) % component_step
                + cache_write_5m_amount + component_lift - (cache_write_5m_amount + component_lift) % component_step
                + cache_write_1h_amount + component_lift - (cache_write_1h_amount + component_lift) % component_step
                + cache_write_unsplit_amount + component_lift - (cache_write_unsplit_amount + component_lift) % component_step
                + web_search_amount + component_lift - (web_search_amount + component_lift) % component_step
                + request_amount + component_lift - (request_amount + component_lift) % component_step
        END AS component_sum
    FROM summed AS s
),

rounded AS (
    SELECT
        b.*,
        GREATEST(component_sum + request_lift - (component_sum + request_lift) % request_step, minimum_charge)
            AS rounded_amount
    FROM by_component AS b
)

SELECT
    *,
    CASE
        WHEN status = 'failed' AND charged > 0 THEN 'charged_failure'
        WHEN status <> 'ok' THEN status
        WHEN unknown_fields IS NOT NULL THEN 'unknown_usage_field'
        ELSE 'ok'
    END AS state,
    CAST(charged - rounded_amount > $tolerance AS TINYINT) - CAST(rounded_amount - charged > $tolerance AS TINYINT) AS side
FROM rounded
