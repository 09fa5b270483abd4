-- All that is told of the contested ids, in one total order per id that does not depend on which came first: what ended
-- well before what was cut or failed, what names a charge before what does not, more output before less (of snapshots
-- the last word has most), earlier before later, the lower charge before the higher, and then by all else that is told.
-- What is told word for word alike differs in its place alone: there the first load and line is the one.
WITH told AS (
    SELECT s.*, TRUE AS is_new FROM stage AS s
    WHERE s.id_hash IN (SELECT id_hash FROM contested)
    UNION ALL BY NAME
    SELECT u.*, FALSE AS is_new FROM usage_records AS u
    WHERE u.id_hash IN (SELECT id_hash FROM contested)
),

described AS (
    SELECT *, {content} AS content FROM told
)

SELECT
    t.*,
    c.id_provider,
    ROW_NUMBER() OVER (
        PARTITION BY c.id_provider, c.request_id
        ORDER BY
            CASE t.status WHEN 'ok' THEN 0 WHEN 'incomplete' THEN 1 ELSE 2 END,
            CASE WHEN t.charged IS NULL THEN 1 ELSE 0 END,
            t.output DESC,
            t.input + t.cache_read + t.cache_write_5m + t.cache_write_1h + t.cache_write_unsplit DESC,
            t.used_at NULLS LAST,
            t.charged,
            t.content,
            t.client_request_id,
            t.project,
            t.api_key_id,
            t.tags,
            t.error_type,
            t.is_snapshot,
            t.file_id,
            t.line,
            t.is_new
    ) AS place
FROM described AS t
INNER JOIN contested AS c ON c.id_provider = COALESCE(t.provider, '') AND c.request_id = t.request_id
