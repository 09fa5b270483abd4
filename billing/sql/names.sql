-- The names that something is sold under.
CREATE OR REPLACE TEMP TABLE names (
    provider VARCHAR NOT NULL,
    name VARCHAR NOT NULL,               -- the SKU's id or one of its aliases
    sku VARCHAR NOT NULL
)
