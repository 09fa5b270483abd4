-- Which finding the requests belong to that are charged otherwise than their card says: a row per SKU, verdict and set of
-- hypotheses that explain the charge.
CREATE OR REPLACE TEMP TABLE causes (
    provider VARCHAR,
    sku VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    hypotheses VARCHAR NOT NULL,         -- their numbers; empty if nothing explains the charge
    is_extreme BOOLEAN NOT NULL,         -- whether it is off by ten times or more
    finding VARCHAR NOT NULL,            -- F-001
    cause VARCHAR NOT NULL               -- the finding's rule
)
