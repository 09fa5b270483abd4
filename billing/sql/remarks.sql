-- What is known of single requests beyond their own record: few rows, for few requests are charged twice or refunded.
CREATE OR REPLACE TEMP TABLE remarks (
    provider VARCHAR NOT NULL,
    request_id VARCHAR NOT NULL,
    id_hash UBIGINT NOT NULL,
    is_repeat BOOLEAN NOT NULL,          -- charged for a call that another request was charged for before
    refunded BIGINT NOT NULL             -- pico-units that refunds give back of its charge, at most all of it
)
