-- The same of some findings, or of all requests where none are named, the oldest first.
SELECT *
FROM exported
WHERE $findings IS NULL OR list_contains(CAST($findings AS VARCHAR[]), finding)
ORDER BY exported.at NULLS LAST, exported.provider NULLS LAST, exported.request_id
