-- What nobody else claims goes into the ledger as it is.
INSERT INTO usage_records BY NAME
SELECT {columns} FROM alone
