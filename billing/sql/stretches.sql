-- Time cut into stretches of one length; the first begins and the last ends with time itself.
CREATE OR REPLACE TEMP TABLE stretches (
    stretch BIGINT NOT NULL,             -- its beginning, in microseconds from that of the first
    from_us BIGINT NOT NULL,             -- as in sql/rates.sql
    to_us BIGINT NOT NULL
)
