-- The hypotheses that findings are of: a row per finding and card.
CREATE OR REPLACE TEMP TABLE exposing (
    finding VARCHAR NOT NULL,
    card_id INTEGER NOT NULL,
    hypothesis INTEGER NOT NULL,
    first_at TIMESTAMPTZ,
    last_at TIMESTAMPTZ
)
