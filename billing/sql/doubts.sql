-- The step to which each rate may be rounded beyond what its card says: 1 pico-unit where the card says how, else the
-- step of the vendor's other SKUs.
CREATE OR REPLACE TEMP TABLE doubts (
    rate_id INTEGER NOT NULL,
    doubt BIGINT NOT NULL                -- pico-units
)
