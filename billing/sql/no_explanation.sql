-- Where no request has been diagnosed there is no explanation.
CREATE OR REPLACE TEMP TABLE explained (
    provider VARCHAR,
    request_id VARCHAR,
    hypotheses VARCHAR,
    is_extreme BOOLEAN
)
