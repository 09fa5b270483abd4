-- Where the records of one file wait until they are judged.
CREATE OR REPLACE TEMP TABLE stage AS FROM usage_records WITH NO DATA
