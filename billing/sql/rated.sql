-- The exact charge of each record and what the card's rounding rule makes of it; both NULL, with a reason, if unknown.
WITH summed AS (
    SELECT
        p.*,
        input_amount + output_amount + cache_read_amount + cache_write_5m_amount + cache_write_1h_amount
            + cache_write_unsplit_amount AS token_amount
    FROM priced AS p
),

reasoned AS (
    SELECT
        s.*,
        token_amount + web_search_amount + request_amount AS exact_amount,
        CASE
            WHEN status = 'failed' THEN 'request_failed'
            WHEN status = 'incomplete' THEN 'stream_incomplete'
            WHEN card_id IS NULL AND NOT EXISTS (SELECT 1 FROM sku_names AS n WHERE n.provider = s.provider)
                THEN 'unknown_provider'
            WHEN card_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM sku_names AS n WHERE n.provider = s.provider AND n.name = s.sku)
                THEN 'unknown_sku'
            WHEN card_id IS NULL THEN 'no_rate_in_force'
            WHEN token_amount IS NULL AND nothing_published THEN 'price_unpublished'
            WHEN token_amount + web_search_amount IS NULL
                AND NOT (cache_write_unsplit_amount IS NULL AND is_write_published) THEN 'kind_unpublished'
            WHEN cache_write_unsplit_amount IS NULL THEN 'cache_ttl_unknown'
            WHEN unknown_fields IS NOT NULL THEN 'unknown_usage_field'
            WHEN unit <> card_unit THEN 'unit_differs'
        END AS reason
    FROM summed AS s
),

-- Rounding to a step is lifting and then cutting: `down` lifts by nothing, `up` by a step less one pico-unit, `half_up`
-- by half a step. A step of 1 pico-unit rounds nothing. Tokens and rates are never negative, so a remainder cuts
-- toward zero.
by_component AS (
    SELECT
        r.*,
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
    FROM reasoned AS r
),

rounded AS (
    SELECT
        b.*,
        component_sum + request_lift - (component_sum + request_lift) % request_step AS rounded_amount
    FROM by_component AS b
)

SELECT
    *,
    CASE WHEN reason IS NULL THEN exact_amount END AS exact,
    CASE
        WHEN reason IS NOT NULL THEN NULL
        WHEN rounded_amount < minimum_charge THEN minimum_charge
        ELSE rounded_amount
    END AS expected
FROM rounded
