-- Which sets of hypotheses the requests of a card are rated by.
CREATE OR REPLACE TEMP TABLE trials (
    card_id INTEGER NOT NULL,
    trial INTEGER NOT NULL               -- the set: the card's own, or one that many cards share
)
