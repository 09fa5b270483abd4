-- The ledger. Version 3. Amounts are whole pico-units (10^12 to one credit or dollar); times are UTC.

CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (3);

-- What the engine that filled id_hash makes of a known text: another engine's hash would find no id again.
CREATE TABLE hash_probe (hash UBIGINT NOT NULL);
INSERT INTO hash_probe SELECT hash('tallystick');

-- One row per file and load; the counts of a row always add up to its records.
CREATE TABLE files (
    file_id BIGINT PRIMARY KEY,
    loaded_at TIMESTAMPTZ NOT NULL,      -- passed in by whoever loads
    path VARCHAR NOT NULL,               -- as given
    digest VARCHAR NOT NULL,             -- SHA-256 of the file's bytes
    bytes BIGINT NOT NULL,
    shape VARCHAR,                       -- the log shape that its content was taken for; NULL if none
    records BIGINT NOT NULL,
    imported BIGINT NOT NULL,            -- new in the ledger
    duplicate BIGINT NOT NULL,           -- told already, word for word
    superseded BIGINT NOT NULL,          -- an earlier snapshot of a request whose last word is in the ledger
    conflict BIGINT NOT NULL,            -- the same id with other money or other usage
    rejected BIGINT NOT NULL,            -- not taken, with a reason
    ignored BIGINT NOT NULL,             -- no records of this shape
    reading VARCHAR NOT NULL,            -- the options it was read with
    whole_bytes BIGINT NOT NULL,         -- up to the end of the last whole line: a grown file is read on from here; 0 if it can't be
    whole_lines BIGINT NOT NULL,         -- lines up to there
    continues BIGINT,                    -- the load before, of a file that has grown since: this one read the rest
    CHECK (records = imported + duplicate + superseded + conflict + rejected)
);

-- One row per metered request.
CREATE TABLE usage_records (
    provider VARCHAR,                    -- NULL if neither log nor user says
    request_id VARCHAR NOT NULL USING COMPRESSION uncompressed, -- the vendor's id, or content:<digest> where there is none
    client_request_id VARCHAR USING COMPRESSION uncompressed, -- the client's own id of the call
    sku VARCHAR NOT NULL,                -- the name as the log has it; aliases are resolved when rated
    used_at TIMESTAMPTZ,                 -- NULL where the log tells no time
    service_tier VARCHAR NOT NULL,
    input BIGINT NOT NULL,               -- tokens, disjoint kinds
    output BIGINT NOT NULL,
    cache_read BIGINT NOT NULL,
    cache_write_5m BIGINT NOT NULL,
    cache_write_1h BIGINT NOT NULL,
    cache_write_unsplit BIGINT NOT NULL, -- cache writes of unknown lifetime
    web_searches BIGINT NOT NULL,        -- calls
    unknown_fields VARCHAR,              -- usage fields that nobody can price, comma-separated; NULL if none
    status VARCHAR NOT NULL,             -- ok, failed, incomplete, summary, refund
    error_status INTEGER,                -- HTTP status of a failed request
    error_code VARCHAR,
    error_type VARCHAR,
    charged BIGINT,                      -- pico-units; NULL is "not said", which is not 0
    unit VARCHAR,                        -- what charged is counted in: credit or USD
    project VARCHAR,
    api_key_id VARCHAR,                  -- an id that the log gives for the key, never the key
    tags VARCHAR,                        -- JSON object with sorted keys
    is_snapshot BOOLEAN NOT NULL,        -- from a shape that writes a request more than once
    id_hash UBIGINT NOT NULL,            -- the engine's hash of request_id: finds ids told before without reading them all
    file_id BIGINT NOT NULL,             -- the load that brought it, and the line it stands on
    line BIGINT NOT NULL
);

-- Records whose id was taken by other money or other usage. They are in no total.
CREATE TABLE conflicts AS FROM usage_records WITH NO DATA;
ALTER TABLE conflicts ADD COLUMN reason VARCHAR;

-- What was not taken, and why; never the text itself.
CREATE TABLE rejects (
    file_digest VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    line BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    field VARCHAR
);

-- What went onto or off a provider's account beside the charges of requests. Append-only: a mistake is put right by an
-- adjustment. A top-up of ten million credits is more pico-units than a BIGINT holds.
CREATE TABLE account_entries (
    provider VARCHAR NOT NULL,
    entry_id VARCHAR NOT NULL,           -- the vendor's id of it, or content:<digest> where there is none
    kind VARCHAR NOT NULL,               -- top_up, refund, adjustment
    booked_at TIMESTAMPTZ NOT NULL,
    unit VARCHAR NOT NULL,               -- what credits and bonus are counted in: credit, or USD of a prepaid account
    credits DECIMAL(38,0) NOT NULL,      -- bought, given back, or adjusted; only an adjustment may be below 0
    bonus DECIMAL(38,0) NOT NULL,        -- given on top of what was bought
    paid DECIMAL(38,0),                  -- pico-units of the currency; NULL is "not said", which is not 0
    currency VARCHAR,                    -- ISO 4217, of what was paid
    expires_at TIMESTAMPTZ,              -- first instant at which the credits are gone; NULL if they never are
    file_id BIGINT NOT NULL,             -- the load that brought it, and the line it stands on
    line BIGINT NOT NULL
);

-- Balances as the vendor tells them, before anything that is booked in the same instant.
CREATE TABLE balance_snapshots (
    provider VARCHAR NOT NULL,
    read_at TIMESTAMPTZ NOT NULL,
    unit VARCHAR NOT NULL,
    balance DECIMAL(38,0) NOT NULL,      -- may be below 0
    file_id BIGINT NOT NULL,
    line BIGINT NOT NULL
);

-- Billing periods that were reconciled with an invoice and closed: one row per closing, and none is ever changed.
CREATE TABLE closed_periods (
    closing_id BIGINT PRIMARY KEY,
    closed_at TIMESTAMPTZ NOT NULL,      -- passed in by whoever closes
    provider VARCHAR NOT NULL,
    period_start TIMESTAMPTZ NOT NULL,
    period_end TIMESTAMPTZ NOT NULL,     -- exclusive
    invoice_id VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,           -- what the amounts of this closing are counted in: credit or USD
    path VARCHAR NOT NULL,               -- the invoice's file, as given
    digest VARCHAR NOT NULL,             -- SHA-256 of its bytes
    last_load BIGINT NOT NULL,           -- the last load known then: whatever has a higher file_id came late
    known_at DATE,                       -- rates were taken as known at the end of that day; NULL if the provider has no card
    catalog_version VARCHAR NOT NULL,
    catalog_digest VARCHAR NOT NULL
);

-- The match as it was answered then, line by line.
CREATE TABLE closed_lines (
    closing_id BIGINT NOT NULL,
    position BIGINT NOT NULL,            -- in the order of the answer, from 1; 0 is the total
    line BIGINT,                         -- the invoice's own number; NULL if the invoice does not name it
    file_line BIGINT,                    -- where it stands in the file
    kind VARCHAR NOT NULL,               -- usage, top_up, bonus, refund, adjustment, tax, fee, correction; total
    sku VARCHAR,                         -- NULL for the rest of the provider
    period_start TIMESTAMPTZ NOT NULL,
    period_end TIMESTAMPTZ NOT NULL,
    quantity DECIMAL(38,0),              -- in pico-units of `unit`, as the next; NULL if not said
    held_quantity DECIMAL(38,0),         -- what the ledger counts
    unit VARCHAR,                        -- tokens, Mtok, requests, credits
    requests BIGINT,                     -- in the ledger; NULL if it is no line of requests
    unpriced BIGINT NOT NULL,            -- those of them that nobody can price
    invoiced DECIMAL(38,0),              -- pico-units of the currency, as the other two; NULL if it is no matter of this invoice
    metered DECIMAL(38,0),               -- NULL where the ledger says nothing
    expected DECIMAL(38,0),              -- NULL where nobody knows
    verdict VARCHAR NOT NULL
);

-- What the difference of each of these lines, invoiced less expected, is made of.
CREATE TABLE closed_causes (
    closing_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    cause VARCHAR NOT NULL,
    requests BIGINT,
    amount DECIMAL(38,0) NOT NULL,
    findings VARCHAR NOT NULL            -- ids of the audit's findings, comma-separated; empty if it is none of them
);

-- What the ledger held and the rates said of the period then, by SKU and unit: what a restatement is held against.
CREATE TABLE closed_totals (
    closing_id BIGINT NOT NULL,
    sku VARCHAR NOT NULL,
    unit VARCHAR,                        -- credit or USD; NULL where neither log nor card says
    requests BIGINT NOT NULL,
    input DECIMAL(38,0) NOT NULL,        -- tokens
    output DECIMAL(38,0) NOT NULL,
    cache_read DECIMAL(38,0) NOT NULL,
    cache_write_5m DECIMAL(38,0) NOT NULL,
    cache_write_1h DECIMAL(38,0) NOT NULL,
    cache_write_unsplit DECIMAL(38,0) NOT NULL,
    charged DECIMAL(38,0) NOT NULL,      -- pico-units, as the next three: what requests report
    expected DECIMAL(38,0) NOT NULL,     -- what the rates give for all that they price
    variance DECIMAL(38,0) NOT NULL,     -- charged less expected, of requests of which both are known
    refunded DECIMAL(38,0) NOT NULL,     -- what refunds gave back, below zero
    unpriced BIGINT NOT NULL             -- requests without an expected charge
);
