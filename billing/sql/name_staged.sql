-- A staged record without an id is named by what it says and when, so that telling it twice is seen; a refund also by the
-- request that it is for.
UPDATE stage SET
    request_id = concat('content:', substr(sha256(concat_ws(
        '|', {content}, epoch_us(used_at),
        CASE WHEN status = 'refund' THEN json_extract_string(tags, '$.of_request') END
    )), 1, 24))
WHERE request_id IS NULL
