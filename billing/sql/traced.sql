-- Whose usage each part of what was burnt is: a row per part, day, rate, project, key, tags and value of the unit. `credits` is
-- the share that lies in the part; all other sums are of the requests that begin in it, whole. The tables `drawn`, `instants`
-- and `burnt` are of one account.
WITH placed_in AS (
    SELECT
        i.step,
        d.provider,
        d.request_id,
        d.id_hash,
        d.used_at,
        d.is_unknown,
        CAST(COALESCE(d.reported, d.expected, 0) AS DECIMAL(38,0)) AS amount
    FROM drawn AS d
    ASOF INNER JOIN instants AS i ON d.used_at >= i.begins_at
    WHERE d.is_counted AND d.used_at IS NOT NULL
),

running AS (
    SELECT
        p.*,
        SUM(amount) OVER (PARTITION BY step ORDER BY used_at, request_id ROWS UNBOUNDED PRECEDING) AS upto
    FROM placed_in AS p
),

parted AS (
    SELECT
        r.provider,
        r.request_id,
        r.id_hash,
        r.is_unknown,
        r.amount,
        b.part,
        LEAST(r.upto, b.ends) - GREATEST(r.upto - r.amount, b.begins) AS credits,
        r.amount = 0 OR r.upto - r.amount >= b.begins AS begins_here
    FROM running AS r
    INNER JOIN burnt AS b ON b.step = r.step
        AND CASE
            WHEN r.amount > 0 THEN b.begins < r.upto AND b.ends > r.upto - r.amount
            ELSE b.begins <= r.upto AND (r.upto < b.ends OR (b.is_last AND r.upto = b.ends))
        END
),

told AS (
    SELECT
        p.part,
        p.credits,
        p.amount,
        p.is_unknown,
        p.begins_here,
        COALESCE(a.sold_as, a.sku) AS sku,
        a.usd_value,
        a.rate_id,
        a.exact IS NOT NULL AND NOT p.is_unknown AS is_priced,
        a.reason,
        a.project,
        a.api_key_id,
        a.tags,
        CAST(a.used_at AS DATE) AS day,
        CASE WHEN p.begins_here THEN 1 ELSE 0 END AS counted,
        a.input,
        a.output,
        a.cache_read,
        a.cache_write_5m,
        a.cache_write_1h,
        a.cache_write_unsplit,
        a.web_searches,
        a.exact,
        a.owed
    FROM parted AS p
    INNER JOIN audited AS a ON a.id_hash = p.id_hash AND a.request_id = p.request_id AND a.provider = p.provider
)

SELECT
    t.part,
    t.day,
    t.sku,
    t.usd_value,
    t.is_priced,
    t.is_unknown,
    t.reason,
    t.project,
    t.api_key_id,
    t.tags,
    r.service_tier,
    CASE WHEN r.prompt_above >= 0 THEN r.prompt_above END AS prompt_above,
    r.from_us,
    r.input AS input_rate,
    r.output AS output_rate,
    r.cache_read AS cache_read_rate,
    r.cache_write_5m AS cache_write_5m_rate,
    r.cache_write_1h AS cache_write_1h_rate,
    r.cache_write_unsplit AS cache_write_unsplit_rate,
    r.web_search AS web_searches_rate,
    r.per_request AS requests_rate,
    SUM(CAST(t.credits AS DECIMAL(38,0))) AS credits,
    SUM(CAST(t.amount * t.counted AS DECIMAL(38,0))) AS amount,
    SUM(CAST(t.counted AS DECIMAL(38,0))) AS requests,
    SUM(CAST(t.input * t.counted AS DECIMAL(38,0))) AS input,
    SUM(CAST(t.output * t.counted AS DECIMAL(38,0))) AS output,
    SUM(CAST(t.cache_read * t.counted AS DECIMAL(38,0))) AS cache_read,
    SUM(CAST(t.cache_write_5m * t.counted AS DECIMAL(38,0))) AS cache_write_5m,
    SUM(CAST(t.cache_write_1h * t.counted AS DECIMAL(38,0))) AS cache_write_1h,
    SUM(CAST(t.cache_write_unsplit * t.counted AS DECIMAL(38,0))) AS cache_write_unsplit,
    SUM(CAST(t.web_searches * t.counted AS DECIMAL(38,0))) AS web_searches,
    SUM(CAST(t.exact * t.counted AS DECIMAL(38,0))) AS exact,
    SUM(CAST(t.owed * t.counted AS DECIMAL(38,0))) AS owed
FROM told AS t
INNER JOIN rates AS r ON r.rate_id = t.rate_id
GROUP BY ALL
ORDER BY
    part, day, sku, is_priced, is_unknown, reason NULLS FIRST, project NULLS FIRST, api_key_id NULLS FIRST, tags NULLS FIRST,
    from_us, prompt_above NULLS FIRST, service_tier NULLS FIRST, usd_value NULLS FIRST
