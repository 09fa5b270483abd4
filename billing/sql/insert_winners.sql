-- Of all that is told of a contested id the ledger keeps one record.
INSERT INTO usage_records BY NAME
SELECT {columns} FROM judged WHERE place = 1 AND is_new
