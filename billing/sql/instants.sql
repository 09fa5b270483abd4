-- The steps of an account, oldest first; a row for each day of use that one reaches into.
CREATE OR REPLACE TEMP TABLE instants (
    step INTEGER NOT NULL,
    day DATE NOT NULL,
    begins_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL         -- exclusive
)
