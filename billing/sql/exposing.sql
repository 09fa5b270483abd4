-- The hypotheses that findings are of: a row per finding, card and context tier.
CREATE OR REPLACE TEMP TABLE exposing (
    finding VARCHAR NOT NULL,
    card_id INTEGER NOT NULL,
    rate_id INTEGER NOT NULL,            -- of the candidate
    prompt_above BIGINT NOT NULL,
    prompt_up_to BIGINT NOT NULL,
    first_at TIMESTAMPTZ,
    last_at TIMESTAMPTZ
)
