-- The requests that are charged for a call which was charged before. Equal usage proves nothing, not even at the same
-- instant: a prompt that is sent twice and cut at the same length gives two honest requests that are alike. What proves it
-- is the id that the client gave to its call: one call, one usage, but several of the vendor's ids with a charge each. An
-- id that stands for several usages, for more than three charges or for more than an hour is a session's or a job's, not a
-- call's, and accuses nobody. The first charge is right, the later ones are not.
WITH charged AS (
    SELECT *
    FROM usage_records
    WHERE client_request_id IS NOT NULL AND status = 'ok' AND charged > 0
        AND ($hour_before IS NULL OR used_at >= $hour_before)
        AND ($hour_after IS NULL OR used_at < $hour_after)
        AND ($provider IS NULL OR provider = $provider)
        AND ($up_to_load IS NULL OR file_id <= $up_to_load)
),

-- Hashes find the few ids that occur twice without keeping all of them.
twice AS (
    SELECT id_hash(client_request_id) AS client_hash
    FROM charged
    GROUP BY id_hash(client_request_id)
    HAVING COUNT(*) > 1
),

told AS (
    SELECT
        c.*,
        COUNT(*) OVER call AS charges,
        MIN(used_at) OVER call AS first_at,
        MAX(used_at) OVER call AS last_at,
        MIN(usage) OVER call AS least_usage,
        MAX(usage) OVER call AS most_usage,
        ROW_NUMBER() OVER (
            PARTITION BY provider, client_request_id
            ORDER BY used_at NULLS LAST, file_id NULLS LAST, line NULLS LAST, request_id NULLS LAST
        ) AS nth
    FROM (
        SELECT
            *,
            concat_ws(
                '|', sku, service_tier, input, output, cache_read, cache_write_5m, cache_write_1h, cache_write_unsplit,
                web_searches, unit, COALESCE(unknown_fields, '')
            ) AS usage
        FROM charged
        WHERE id_hash(client_request_id) IN (SELECT client_hash FROM twice)
    ) AS c
    WINDOW call AS (PARTITION BY provider, client_request_id)
)

SELECT provider, request_id, id_hash
FROM told
WHERE nth > 1
    AND charges <= 3
    AND least_usage = most_usage
    AND last_at - first_at <= INTERVAL 1 HOUR
    AND provider IS NOT NULL
