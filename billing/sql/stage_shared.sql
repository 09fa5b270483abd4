-- Requests whose id is claimed by others as well wait for judgement with those, each telling by itself.
INSERT INTO stage BY NAME
SELECT
    r.* EXCLUDE (tellings, most_output, last_line),
    UNNEST(r.tellings, recursive := true)
FROM requests AS r
WHERE r.status <> 'ignored'
    AND (COALESCE(r.provider, ''), r.request_id) IN (SELECT (id_provider, request_id) FROM shared)
