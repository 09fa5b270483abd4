-- The shape of the rates that usage is joined to: a row per name, service tier, period and context tier. Rates are
-- pico-units per token, fees and steps pico-units, usd_per_unit pico-dollars per unit; NULL is unpublished.
CREATE OR REPLACE TEMP TABLE rates (
    card_id INTEGER NOT NULL,            -- which period of the catalog it is
    hypothesis INTEGER,                  -- which mistake these rates suppose; NULL for the card itself
    provider VARCHAR NOT NULL,
    name VARCHAR NOT NULL,               -- the SKU's id or one of its aliases
    sku VARCHAR NOT NULL,
    service_tier VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ,              -- first instant; NULL is open
    valid_to TIMESTAMPTZ,                -- first instant no more; NULL is open
    prompt_above BIGINT NOT NULL,        -- for prompts of more tokens than this ...
    prompt_up_to BIGINT,                 -- ... and of at most this many; NULL is open
    unit VARCHAR NOT NULL,
    usd_per_unit BIGINT,
    nothing_published BOOLEAN NOT NULL,
    input BIGINT,
    output BIGINT,
    cache_read BIGINT,
    cache_write_5m BIGINT,
    cache_write_1h BIGINT,
    web_search BIGINT,                   -- per call
    per_request BIGINT NOT NULL,
    minimum_charge BIGINT NOT NULL,
    request_step BIGINT NOT NULL,        -- rounding of the total; 1 rounds nothing
    request_lift BIGINT NOT NULL,
    component_step BIGINT NOT NULL,      -- rounding of each component
    component_lift BIGINT NOT NULL
)
