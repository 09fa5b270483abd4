-- Each mismatched request with each rate that supposes a mistake with its card. `rates` here are hypothetical, and their
-- card is the set of hypotheses that they belong to. What failed or was charged before is explained by that.
SELECT
    m.*,
    r.rate_id
FROM mismatched AS m
INNER JOIN trials AS t ON t.card_id = m.found_card
INNER JOIN rates AS r
    ON r.card_id = t.trial
    AND m.prompt_tokens > r.prompt_above
    AND m.prompt_tokens <= r.prompt_up_to
WHERE m.state < 4
