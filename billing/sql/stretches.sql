-- The time of usage cut into stretches of one length, and one more for usage without a time.
CREATE OR REPLACE TEMP TABLE stretches (
    stretch BIGINT NOT NULL,             -- its beginning, in microseconds from the first instant
    from_us BIGINT NOT NULL,             -- as in sql/rates.sql
    to_us BIGINT NOT NULL
)
