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
