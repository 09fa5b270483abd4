-- The shape of the rates that usage is rated by: a row per period of the catalog and context tier. Rates are pico-units
-- per token, fees and steps pico-units, usd_per_unit pico-dollars per unit. Where no rate is published the rate is 0 and
-- its no_... column 1: what was used of it is counted, and leaves the charge unknown. Row 0 is for usage that no rate is
-- in force for.
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
    input BIGINT NOT NULL,
    output BIGINT NOT NULL,
    cache_read BIGINT NOT NULL,
    cache_write_5m BIGINT NOT NULL,
    cache_write_1h BIGINT NOT NULL,
    cache_write_unsplit BIGINT NOT NULL, -- where 5m and 1h cost the same
    web_search BIGINT NOT NULL,          -- per call
    no_input BIGINT NOT NULL,
    no_output BIGINT NOT NULL,
    no_cache_read BIGINT NOT NULL,
    no_cache_write_5m BIGINT NOT NULL,
    no_cache_write_1h BIGINT NOT NULL,
    no_cache_write_unsplit BIGINT NOT NULL,
    no_lifetime BIGINT NOT NULL,         -- 1 where 5m and 1h are published and differ
    no_web_search BIGINT NOT NULL,
    per_request BIGINT NOT NULL,
    minimum_charge BIGINT NOT NULL,
    request_step BIGINT NOT NULL,        -- rounding of the total; 1 rounds nothing
    request_lift BIGINT NOT NULL,
    component_step BIGINT NOT NULL,      -- rounding of each component
    component_lift BIGINT NOT NULL
)
