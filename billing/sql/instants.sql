-- The steps of an account, oldest first.
CREATE OR REPLACE TEMP TABLE instants (step INTEGER NOT NULL, begins_at TIMESTAMPTZ NOT NULL)
