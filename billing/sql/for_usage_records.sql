-- Where a record is told once it goes into the ledger at once.
SELECT *, hash(request_id) AS id_hash FROM plain
