-- What the rates make of each record, before and after the card's rounding rule; NULL if something used has no price.
-- What a verdict is found from stands beside it in numbers, for they are fast to group by:
-- `side`   1 more was charged than the rates say and was not given back, -1 less, 0 within tolerance; NULL if the charge is
--          not said
-- `state`  0 ended well, 1 the same with usage that nobody can price, 2 incomplete, 3 failed, 4 failed and charged, 5 charged
--          for a call that was charged before; 6 and 7 the same as 4 and 5, but within tolerance or given back
-- `gap`    0 all that was used has a price; else not, and there were 1 only calls, 2 tokens, 3 cache writes of unknown lifetime
-- What is heavy stands in no CASE, where the engine would compute it anew for each use.
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
        WHEN is_repeat THEN CASE WHEN charged - refunded > $tolerance THEN 5 ELSE 7 END
        WHEN status = 'ok' AND unknown_fields IS NULL THEN 0
        WHEN status = 'ok' THEN 1
        WHEN status = 'incomplete' THEN 2
        WHEN charged > 0 THEN CASE WHEN charged - refunded > $tolerance THEN 4 ELSE 6 END
        ELSE 3
    END AS state,
    CAST(component_sum IS NULL AS TINYINT)
        * CASE WHEN cache_write_unsplit > 0 THEN 3 WHEN prompt_tokens + output > 0 THEN 2 ELSE 1 END AS gap,
    CAST(charged - refunded - rounded_amount > $tolerance AS TINYINT)
        - CAST(rounded_amount - charged > $tolerance AS TINYINT) AS side
FROM rounded
