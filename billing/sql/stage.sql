-- Where the records of one file wait until they are judged. Those without an id are named when all are there.
CREATE OR REPLACE TEMP TABLE stage AS SELECT * FROM usage_records WITH NO DATA
