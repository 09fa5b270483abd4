-- What each of the contested records is, held against the one that stays (place 1). A new record that takes the place of
-- one in the ledger is held against that one, so that the ledger grows by exactly what is counted as imported.
WITH winners AS (
    SELECT * FROM ranked WHERE place = 1
),

held AS (
    SELECT * FROM ranked WHERE NOT is_new
),

compared AS (
    SELECT
        r.*,
        w.is_new AS winner_is_new,
        h.request_id IS NOT NULL AS is_held,
        CASE WHEN r.place = 1 THEN h.content ELSE w.content END AS other_content,
        CASE WHEN r.place = 1 THEN h.status ELSE w.status END AS other_status,
        CASE WHEN r.place = 1 THEN h.charged ELSE w.charged END AS other_charged,
        CASE WHEN r.place = 1 THEN h.is_snapshot ELSE w.is_snapshot END AS other_is_snapshot,
        CASE WHEN r.place = 1 THEN h.client_request_id ELSE w.client_request_id END AS other_client_request_id,
        CASE WHEN r.place = 1 THEN h.output ELSE w.output END AS other_output,
        CASE WHEN r.place = 1
            THEN h.input + h.cache_read + h.cache_write_5m + h.cache_write_1h + h.cache_write_unsplit
            ELSE w.input + w.cache_read + w.cache_write_5m + w.cache_write_1h + w.cache_write_unsplit
        END AS other_prompt,
        r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h + r.cache_write_unsplit AS prompt
    FROM ranked AS r
    INNER JOIN winners AS w ON w.id_provider = r.id_provider AND w.request_id = r.request_id
    LEFT JOIN held AS h ON h.id_provider = r.id_provider AND h.request_id = r.request_id
)

SELECT
    c.*,
    CASE
        WHEN place = 1 AND NOT is_held THEN 'imported'
        WHEN content = other_content THEN 'duplicate'
        WHEN charged <> other_charged THEN 'conflict'
        WHEN status = 'failed' OR other_status = 'failed' THEN 'conflict'
        -- What takes its place must not lose the charge that a cut stream tells.
        WHEN place > 1 AND charged IS NOT NULL AND other_charged IS NULL THEN 'conflict'
        WHEN place = 1 AND charged IS NULL AND other_charged IS NOT NULL THEN 'conflict'
        WHEN status = 'incomplete' OR other_status = 'incomplete' THEN 'superseded'
        WHEN is_snapshot AND other_is_snapshot
            AND (client_request_id = other_client_request_id OR prompt = other_prompt) THEN 'superseded'
        WHEN prompt = other_prompt AND output = other_output AND (charged IS NULL) <> (other_charged IS NULL)
            THEN 'superseded'
        ELSE 'conflict'
    END AS verdict,
    CASE WHEN charged <> other_charged THEN 'money_differs' ELSE 'usage_differs' END AS reason
FROM compared AS c
