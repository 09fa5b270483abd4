-- The shape of the numbers of requests that are set aside: those that no card of the others gives.
CREATE OR REPLACE TEMP TABLE set_aside (number BIGINT NOT NULL)
