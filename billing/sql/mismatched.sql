-- The requests charged otherwise than is owed, with what the audit found of each. Most requests match, and those the engine
-- drops by their side alone.
SELECT
    provider,
    request_id,
    used_at,
    input,
    output,
    cache_read,
    cache_write_5m,
    cache_write_1h,
    cache_write_unsplit,
    prompt_tokens,
    web_searches,
    unknown_fields,
    status,
    is_repeat,
    refunded,
    charged,
    state,
    CASE WHEN state = 4 THEN concat_ws(' ', error_status, error_code, error_type) END AS error,
    card_id AS found_card,
    COALESCE(sold_as, sku) AS found_sku,
    counted_in AS found_unit,
    usd_value AS found_usd_per_unit,
    verdict AS found_verdict,
    exact AS found_exact,
    request_step * component_step * CASE WHEN component_step > 1 THEN 8 ELSE 1 END AS found_step,
    request_lift + 8 * component_lift AS found_lift,
    owed AS found_owed
FROM audited
WHERE (side <> 0 OR state IN (4, 5)) AND verdict IN ('overcharged', 'undercharged', 'charged_failure')
