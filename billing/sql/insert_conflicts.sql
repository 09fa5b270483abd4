-- What loses its place in the ledger, or never gets one, is kept if it says something else about money or usage.
INSERT INTO conflicts BY NAME
WITH losing AS (
    SELECT * FROM judged WHERE place > 1 AND is_new AND verdict = 'conflict'
    UNION ALL
    SELECT l.* REPLACE (w.reason AS reason)
    FROM judged AS l
    INNER JOIN judged AS w ON w.id_provider = l.id_provider AND w.request_id = l.request_id
    WHERE w.place = 1 AND w.is_new AND w.verdict = 'conflict' AND NOT l.is_new
),

numbered AS (
    SELECT
        l.*,
        ROW_NUMBER() OVER (PARTITION BY id_provider, request_id, content ORDER BY place) AS nth
    FROM losing AS l
),

held AS (
    SELECT COALESCE(provider, '') AS id_provider, request_id, {content} AS content FROM conflicts
)

SELECT {columns}, reason
FROM numbered AS n
WHERE nth = 1 AND NOT EXISTS (
    SELECT 1 FROM held AS h
    WHERE h.id_provider = n.id_provider AND h.request_id = n.request_id AND h.content = n.content
)
