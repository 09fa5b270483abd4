-- Usage records as any engine can read them, bucket by bucket, the same order every time. Records of one id share a bucket:
-- the first hexadecimal digits of a digest that every engine has, behind an x, so that none takes them for a number. The
-- engine's own hash is left out, and what JSON tells of a refund is told as a column: no other engine need parse it.
SELECT
    concat('x', substr(md5(concat(COALESCE(provider, ''), '|', request_id)), 1, $digits)) AS bucket,
    json_extract_string(tags, '$.of_request') AS of_request,
    * EXCLUDE (id_hash)
FROM usage_records
ORDER BY bucket, provider NULLS FIRST, request_id, file_id, line
