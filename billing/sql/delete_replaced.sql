-- A record of the ledger leaves its place to one that tells more of the same request.
DELETE FROM usage_records AS u
USING judged AS w
WHERE w.place = 1 AND w.is_new
    AND u.id_hash = w.id_hash AND u.request_id = w.request_id AND COALESCE(u.provider, '') = w.id_provider
