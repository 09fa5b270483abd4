-- The requests whose id nobody else claims: of their tellings the last word stays, which is the one with most output; of
-- those the earliest.
WITH unclaimed AS (
    SELECT
        r.*,
        list_filter(r.tellings, lambda telling: telling.output = r.most_output) AS last_words
    FROM requests AS r
    WHERE r.status <> 'ignored'
        AND (COALESCE(r.provider, ''), r.request_id) NOT IN (SELECT (id_provider, request_id) FROM shared)
)

SELECT
    u.* EXCLUDE (tellings, most_output, last_line, last_words),
    u.most_output AS output,
    list_min(u.last_words).used_at AS used_at,
    list_min(u.last_words).line AS line,
    hash(u.request_id) AS id_hash,
    len(u.last_words) - 1 AS duplicates,
    len(u.tellings) - len(u.last_words) AS snapshots
FROM unclaimed AS u
