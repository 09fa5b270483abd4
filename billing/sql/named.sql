-- The staged records. One without an id is named by what it says and when, so that telling it twice is seen; a refund also
-- by the request that it is for.
WITH identified AS (
    SELECT
        * REPLACE (
            CASE
                WHEN request_id IS NOT NULL THEN request_id
                ELSE concat('content:', substr(sha256(concat_ws(
                    '|', {content}, epoch_us(used_at),
                    CASE WHEN status = 'refund' THEN json_extract_string(tags, '$.of_request') END
                )), 1, 24))
            END AS request_id
        )
    FROM stage
)

SELECT *, hash(request_id) AS id_hash FROM identified
