-- The shape of the rates that usage is rated by: a row per period of the catalog and context tier. Rates are pico-units
-- per token, fees and steps pico-units, usd_per_unit pico-dollars per unit; NULL is unpublished. Row 0 is for usage that
-- no rate is in force for.
CREATE OR REPLACE TEMP TABLE rates (
    rate_id INTEGER NOT NULL,
    card_id INTEGER,                     -- which period of the catalog it is
    hypothesis INTEGER,                  -- which mistake these rates suppose; NULL for the card itself
    provider VARCHAR,
    sku VARCHAR,
    service_tier VARCHAR,
    from_us BIGINT NOT NULL,             -- first instant, in microseconds since the year 1 ...
    to_us BIGINT NOT NULL,               -- ... and first instant no more
    prompt_above BIGINT NOT NULL,        -- for prompts of more tokens than this ...
    prompt_up_to BIGINT NOT NULL,        -- ... and of at most this many
    unit VARCHAR,
    usd_per_unit BIGINT,                 -- NULL if unknown
    nothing_published BOOLEAN NOT NULL,
    writes_differ BOOLEAN NOT NULL,      -- whether 5m and 1h are published and not the same
    input BIGINT,
    output BIGINT,
    cache_read BIGINT,
    cache_write_5m BIGINT,
    cache_write_1h BIGINT,
    cache_write_unsplit BIGINT,          -- where 5m and 1h are the same
    web_search BIGINT,                   -- per call
    per_request BIGINT NOT NULL,
    minimum_charge BIGINT NOT NULL,
    request_step BIGINT NOT NULL,        -- rounding of the total; 1 rounds nothing
    request_lift BIGINT NOT NULL,
    component_step BIGINT NOT NULL,      -- rounding of each component
    component_lift BIGINT NOT NULL
)
