-- What engines are probed with.
CREATE OR REPLACE TEMP TABLE probes (
    number BIGINT NOT NULL,
    most BIGINT NOT NULL,                -- the largest whole number of 64 bits, and the least
    least BIGINT NOT NULL,
    tokens BIGINT NOT NULL,              -- their product with the rate is beyond 64 bits
    rate BIGINT NOT NULL,
    step BIGINT NOT NULL,
    used_at TIMESTAMPTZ NOT NULL,
    name VARCHAR NOT NULL,
    nothing BIGINT,                      -- always NULL
    tags VARCHAR NOT NULL
)
