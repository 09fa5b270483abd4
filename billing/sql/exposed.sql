-- The requests that the mistake of a finding could show in: those with a charge on its cards, from its first request to its
-- last, each with the rate that supposes the mistake. `rates` here are those in force.
WITH supposing AS (
    SELECT
        e.*,
        c.rate_id,
        c.prompt_above,
        c.prompt_up_to
    FROM exposing AS e
    INNER JOIN candidates AS c ON c.hypothesis = e.hypothesis
)

SELECT
    e.finding,
    e.rate_id,
    p.input,
    p.output,
    p.cache_read,
    p.cache_write_5m,
    p.cache_write_1h,
    p.cache_write_unsplit,
    p.prompt_tokens,
    p.web_searches,
    p.unknown_fields,
    p.status,
    p.is_repeat,
    p.refunded,
    p.charged
FROM placed AS p
INNER JOIN rates AS r ON r.rate_id = p.rate_id
INNER JOIN supposing AS e
    ON e.card_id = r.card_id
    AND p.prompt_tokens > e.prompt_above
    AND p.prompt_tokens <= e.prompt_up_to
    AND (e.first_at IS NULL OR p.used_at >= e.first_at)
    AND (e.last_at IS NULL OR p.used_at <= e.last_at)
WHERE p.status = 'ok' AND NOT p.is_repeat
