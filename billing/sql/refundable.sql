-- The charges that each refund may give back. One that names a request is for that request or for its failed tries. One
-- that names none gives back in full a charge of its SKU of at most 7 days before: of a failed request sooner than of
-- another, and of the latest first, for what is refunded without a word is refunded at once.
WITH charges AS (
    SELECT
        provider,
        request_id,
        client_request_id,
        id_hash,
        sku,
        unit,
        charged,
        used_at,
        status = 'failed' AS is_failed,
        json_extract_string(tags, '$.of_request') AS of_request
    FROM usage_records
    WHERE charged > 0 AND status NOT IN ('summary', 'refund')
),

named AS (
    SELECT r.refund, c.*
    FROM refunds AS r
    INNER JOIN charges AS c ON c.provider = r.provider AND c.unit = r.unit AND c.request_id = r.of_request
    UNION
    SELECT r.refund, c.*
    FROM refunds AS r
    INNER JOIN charges AS c ON c.provider = r.provider AND c.unit = r.unit AND c.client_request_id = r.of_request
    UNION
    SELECT r.refund, c.*
    FROM refunds AS r
    INNER JOIN charges AS c ON c.provider = r.provider AND c.unit = r.unit AND c.of_request = r.of_request
),

alike AS (
    SELECT r.refund, c.*
    FROM refunds AS r
    INNER JOIN charges AS c
        ON c.provider = r.provider AND c.unit = r.unit AND c.sku = r.sku AND c.charged = r.amount
    WHERE r.of_request IS NULL AND c.used_at <= r.used_at AND c.used_at >= r.used_at - INTERVAL 7 DAY
)

SELECT refund, TRUE AS is_named, provider, request_id, id_hash, charged, is_failed, used_at FROM named
UNION ALL
SELECT refund, FALSE AS is_named, provider, request_id, id_hash, charged, is_failed, used_at FROM alike
ORDER BY is_named DESC, refund NULLS LAST, is_failed DESC, used_at DESC NULLS LAST, request_id NULLS LAST
