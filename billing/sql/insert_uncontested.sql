-- What no other record disputes goes into the ledger as it is.
INSERT INTO usage_records BY NAME SELECT * FROM stage
