-- The charges that refunds give back of.
CREATE OR REPLACE TEMP TABLE given (
    refund INTEGER NOT NULL,
    request_id VARCHAR NOT NULL,
    id_hash UBIGINT NOT NULL
)
