-- A conflict with what stays now is none any more; one that is told as of an earlier time as well is kept as of that one.
DELETE FROM conflicts
WHERE rowid IN (
    SELECT h.rowid
    FROM (
        SELECT rowid, COALESCE(provider, '') AS id_provider, request_id, used_at, {content} AS content
        FROM conflicts
        WHERE id_hash IN (SELECT id_hash FROM judged)
    ) AS h
    INNER JOIN judged AS j ON j.id_provider = h.id_provider AND j.request_id = h.request_id AND j.content = h.content
    WHERE j.place = 1
        OR (j.is_new AND j.verdict = 'conflict' AND j.used_at IS NOT NULL AND COALESCE(j.used_at < h.used_at, TRUE))
)
