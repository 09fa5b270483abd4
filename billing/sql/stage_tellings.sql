-- What files told of the requests of a bucket waits for judgement.
INSERT INTO stage BY NAME SELECT * EXCLUDE (of_request) FROM incoming
