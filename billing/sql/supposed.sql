-- Each mismatched request with each rate that supposes a mistake with its card. `rates` here are hypothetical.
SELECT
    m.*,
    r.rate_id
FROM mismatched AS m
INNER JOIN rates AS r
    ON r.card_id = m.found_card
    AND m.prompt_tokens > r.prompt_above
    AND m.prompt_tokens <= r.prompt_up_to
