-- A staged record without an id is named by what it says, when, and whose it is, so that telling it twice is seen: of two
-- users equal requests in the same second are two. A refund is named by the request that it is for as well.
UPDATE stage SET
    request_id = concat('content:', substr(sha256(concat_ws(
        chr(31), {content}, epoch_us(used_at), 'key=' || api_key_id, 'project=' || project,
        CASE WHEN status = 'refund' THEN json_extract_string(tags, '$.of_request') END
    )), 1, 24))
WHERE request_id IS NULL
