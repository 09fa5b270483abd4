-- The records of the lines that can be read in one way only, and a row for each line that is no record of its shape.
-- Every other line is left to the strict readers, which take the same from these.
--
-- A usage object holds nothing but the members that are read here, and each of them once, if it is as long as they are:
-- each takes its key, two quotes, a colon and a comma or brace beside its value. What is one byte long is no object.
-- Tokens are less than 2^32, so that no sum of them overflows, which would stop the scan.
WITH numbered AS (
    SELECT
        *,
        TRY_CAST(CAST(i AS VARCHAR) AS UINTEGER) AS input,
        TRY_CAST(CAST(o AS VARCHAR) AS UINTEGER) AS output,
        CASE WHEN r IS NULL THEN 0 ELSE TRY_CAST(CAST(r AS VARCHAR) AS UINTEGER) END AS cache_read,
        CASE
            WHEN s.ephemeral_5m_input_tokens IS NULL THEN 0
            ELSE TRY_CAST(CAST(s.ephemeral_5m_input_tokens AS VARCHAR) AS UINTEGER)
        END AS cache_write_5m,
        CASE
            WHEN s.ephemeral_1h_input_tokens IS NULL THEN 0
            ELSE TRY_CAST(CAST(s.ephemeral_1h_input_tokens AS VARCHAR) AS UINTEGER)
        END AS cache_write_1h,
        TRY_CAST(CAST(w AS VARCHAR) AS UINTEGER) AS cache_written,
        CASE
            WHEN n.web_search_requests IS NULL THEN 0
            ELSE TRY_CAST(CAST(n.web_search_requests AS VARCHAR) AS UINTEGER)
        END AS web_searches,
        -- The first way is the usual one, at half the price.
        CASE
            WHEN timestamp LIKE '20__-__-__T__:__:__.%Z'
                THEN make_timestamptz(epoch_us(TRY_STRPTIME(timestamp, '%Y-%m-%dT%H:%M:%S.%fZ')))
            WHEN regexp_full_match(
                timestamp,
                '20\d\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)'
            ) THEN TRY_CAST(timestamp AS TIMESTAMPTZ)
        END AS used_at,
        CASE WHEN id <> '""' THEN id ELSE client_id END AS told_id,
        strlen(usage) = 1 + strlen(i) + 16 + strlen(o) + 17 + COALESCE(strlen(r) + 27, 0) + COALESCE(strlen(w) + 31, 0)
            + COALESCE(strlen(split) + 18, 0) + COALESCE(strlen(tools) + 19, 0) + COALESCE(strlen(tier) + 16, 0)
            + COALESCE(strlen(geo) + 17, 0) + COALESCE(strlen(speed) + 9, 0) AS is_whole,
        split IS NULL OR (strlen(split) > 1 AND strlen(split) = 1 + COALESCE(strlen(s.ephemeral_5m_input_tokens) + 29, 0)
            + COALESCE(strlen(s.ephemeral_1h_input_tokens) + 29, 0)) AS is_split_whole,
        tools IS NULL OR (strlen(tools) > 1 AND strlen(tools) = 1 + COALESCE(strlen(n.web_search_requests) + 23, 0)
            + COALESCE(strlen(n.web_fetch_requests) + 22, 0)) AS is_tools_whole
    FROM counted
),

checked AS (
    SELECT *
    FROM numbered
    WHERE is_ignored OR (
        is_known
        -- An id is a short text of ASCII without escapes, so without control characters, and nothing like a key.
        AND starts_with(told_id, '"') AND strlen(told_id) BETWEEN 3 AND 200 AND strlen(told_id) = length(told_id)
        AND NOT contains(told_id, '\') AND NOT contains(told_id, 'k-') AND NOT contains(told_id, 'K-')
        AND NOT contains(told_id, ' ') AND NOT contains(told_id, chr(127)) AND NOT starts_with(told_id, '"gen-')
        AND (
            client_id IS NULL OR (
                starts_with(client_id, '"') AND strlen(client_id) < 200 AND strlen(client_id) = length(client_id)
                AND NOT contains(client_id, '\') AND NOT contains(client_id, 'k-') AND NOT contains(client_id, 'K-')
                AND NOT contains(client_id, ' ') AND NOT contains(client_id, chr(127))
            )
        )
        AND used_at >= TIMESTAMPTZ '2000-01-01 00:00:00+00'
        -- No more than 15 digits, all of which a double holds; what is less than any double it calls 0.0. From 8192 on
        -- doubles are farther apart than pico-units, so one of them stands for several amounts.
        AND (
            charge IS NULL
            OR (regexp_full_match(charge, '[1-7]?\d{1,3}(?:\.\d{1,11})?') AND strlen(charge) <= 16 AND charge <> '0.0')
        )
        -- Whose an answer without a charge is depends on whether it has a null in its place, which is not seen here.
        AND (
            is_snapshot OR provider IS NOT NULL OR $provider <> '' OR charge IS NOT NULL
            OR ends_with(sku, '/anthropic')
        )
        AND CASE
            WHEN error IS NULL
                THEN is_whole AND is_split_whole AND is_tools_whole
                    -- A count of 12.5 or 1e-12 would be cast to a whole number.
                    AND NOT contains(usage, '.') AND NOT contains(usage, '-')
                    AND input IS NOT NULL AND output IS NOT NULL AND cache_read IS NOT NULL AND web_searches IS NOT NULL
                    AND cache_write_5m IS NOT NULL AND cache_write_1h IS NOT NULL
                    AND (w IS NULL OR cache_written >= CAST(cache_write_5m AS BIGINT) + cache_write_1h)
                    AND (n.web_fetch_requests IS NULL OR n.web_fetch_requests = '0')
                    AND (tier IS NULL OR tier = '"standard"' OR regexp_full_match(tier, '"[A-Za-z_]*"'))
                    AND (geo IS NULL OR geo IN ('""', '"global"', '"not_available"'))
                    AND (speed IS NULL OR speed IN ('""', '"standard"'))
                    AND (http_status IS NULL OR (strlen(http_status) = 3 AND http_status BETWEEN '100' AND '399'))
            ELSE usage IS NULL AND list_unique(json_keys(error)) = len(json_keys(error))
                AND regexp_full_match(e.code, $code) AND regexp_full_match(e.type, $code)
                AND regexp_full_match(http_status, '[45]\d\d')
        END
    )
)

SELECT
    COALESCE(NULLIF(CAST($provider AS VARCHAR), ''), provider, CASE
        WHEN charge IS NOT NULL OR ends_with(sku, '/anthropic') THEN 'aivideoapi'
        WHEN error IS NULL THEN 'anthropic'
    END) AS provider,
    substr(told_id, 2, strlen(told_id) - 2) AS request_id,
    NULLIF(substr(client_id, 2, strlen(client_id) - 2), '') AS client_request_id,
    COALESCE(sku, '') AS sku,
    used_at,
    CASE WHEN error IS NULL AND tier NOT IN ('""', '"standard"') THEN substr(tier, 2, strlen(tier) - 2) ELSE 'standard' END
        AS service_tier,
    CASE WHEN error IS NULL THEN input ELSE 0 END AS input,
    CASE WHEN error IS NULL THEN output ELSE 0 END AS output,
    CASE WHEN error IS NULL THEN cache_read ELSE 0 END AS cache_read,
    CASE WHEN error IS NULL THEN cache_write_5m ELSE 0 END AS cache_write_5m,
    CASE WHEN error IS NULL THEN cache_write_1h ELSE 0 END AS cache_write_1h,
    CASE WHEN error IS NULL AND w IS NOT NULL THEN cache_written - cache_write_5m - cache_write_1h ELSE 0 END
        AS cache_write_unsplit,
    CASE WHEN error IS NULL THEN web_searches ELSE 0 END AS web_searches,
    CAST(NULL AS VARCHAR) AS unknown_fields,
    CASE WHEN is_ignored THEN 'ignored' WHEN error IS NULL THEN 'ok' ELSE 'failed' END AS status,
    CASE WHEN error IS NOT NULL THEN CAST(CAST(http_status AS VARCHAR) AS INTEGER) END AS error_status,
    substr(e.code, 2, strlen(e.code) - 2) AS error_code,
    substr(e.type, 2, strlen(e.type) - 2) AS error_type,
    -- Six decimals or less fit an integer of 64 bits all the way, which is four times as fast.
    CASE
        WHEN strlen(charge) <= 8
            THEN CAST(CAST(CAST(charge AS VARCHAR) AS DECIMAL(10,6)) * CAST(1000000 AS DECIMAL(7,0)) AS BIGINT) * 1000000
        -- A product is as wide as its operands need only if one of them has more than 18 digits.
        ELSE CAST(CAST(CAST(charge AS VARCHAR) AS DECIMAL(19,12)) * CAST(1000000000000 AS DECIMAL(13,0)) AS BIGINT)
    END AS charged,
    CASE WHEN charge IS NOT NULL THEN 'credit' END AS unit,
    NULLIF(project, '') AS project,
    NULLIF(api_key_id, '') AS api_key_id,
    CAST(tags AS VARCHAR) AS tags,
    is_snapshot,
    $file_ids[1 + file_index] AS file_id,
    line - $starts[1 + file_index] AS line
FROM checked
