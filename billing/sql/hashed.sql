-- The records with the hash by which an id is found again.
SELECT *, hash(request_id) AS id_hash FROM plain
