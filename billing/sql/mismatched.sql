-- The requests charged otherwise than their card says, with what the audit found of each. Most requests match, and those
-- the engine drops by their side alone.
SELECT
    provider,
    request_id,
    sku,
    used_at,
    service_tier,
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
    charged,
    unit,
    card_id AS found_card,
    sold_as AS found_sku,
    usd_per_unit AS found_usd_per_unit,
    verdict AS found_verdict,
    owed AS found_owed
FROM audited
WHERE side <> 0 AND verdict IN ('overcharged', 'undercharged')
