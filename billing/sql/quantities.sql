-- What was used and what it comes to: a row per SKU, rate and basis. `basis` says what is known of the amount: charge and
-- expected charge (checked), only the expected charge (unreported), at most the charge (unchecked), that the request
-- failed (failed), or that its call was charged before (repeated).
WITH based AS (
    SELECT
        a.*,
        COALESCE(sold_by, provider) AS seller,
        COALESCE(sold_as, sku) AS article,
        CASE
            WHEN is_repeat THEN 'repeated'
            WHEN verdict IN ('matched', 'overcharged', 'undercharged') THEN 'checked'
            WHEN verdict IN ('charged_failure', 'failed') THEN 'failed'
            WHEN verdict = 'unreported' THEN 'unreported'
            ELSE 'unchecked'
        END AS basis
    FROM audited AS a
)

SELECT
    b.seller AS provider,
    b.article AS sku,
    b.service_tier,
    b.counted_in AS unit,
    b.basis,
    b.card_id,
    r.prompt_above,
    CAST(r.input AS DECIMAL(38,0)) AS input_rate,
    CAST(r.output AS DECIMAL(38,0)) AS output_rate,
    CAST(r.cache_read AS DECIMAL(38,0)) AS cache_read_rate,
    CAST(r.cache_write_5m AS DECIMAL(38,0)) AS cache_write_5m_rate,
    CAST(r.cache_write_1h AS DECIMAL(38,0)) AS cache_write_1h_rate,
    CAST(r.cache_write_unsplit AS DECIMAL(38,0)) AS cache_write_unsplit_rate,
    CAST(r.web_search AS DECIMAL(38,0)) AS web_search_rate,
    CAST(r.per_request AS DECIMAL(38,0)) AS request_rate,
    COUNT(*) AS requests,
    SUM(CAST(b.input AS DECIMAL(38,0))) AS input,
    SUM(CAST(b.output AS DECIMAL(38,0))) AS output,
    SUM(CAST(b.cache_read AS DECIMAL(38,0))) AS cache_read,
    SUM(CAST(b.cache_write_5m AS DECIMAL(38,0))) AS cache_write_5m,
    SUM(CAST(b.cache_write_1h AS DECIMAL(38,0))) AS cache_write_1h,
    SUM(CAST(b.cache_write_unsplit AS DECIMAL(38,0))) AS cache_write_unsplit,
    SUM(CAST(b.web_searches AS DECIMAL(38,0))) AS web_search,
    SUM(CAST(b.input_amount AS DECIMAL(38,0))) AS input_amount,
    SUM(CAST(b.output_amount AS DECIMAL(38,0))) AS output_amount,
    SUM(CAST(b.cache_read_amount AS DECIMAL(38,0))) AS cache_read_amount,
    SUM(CAST(b.cache_write_5m_amount AS DECIMAL(38,0))) AS cache_write_5m_amount,
    SUM(CAST(b.cache_write_1h_amount AS DECIMAL(38,0))) AS cache_write_1h_amount,
    SUM(CAST(b.cache_write_unsplit_amount AS DECIMAL(38,0))) AS cache_write_unsplit_amount,
    SUM(CAST(b.web_search_amount AS DECIMAL(38,0))) AS web_search_amount,
    SUM(CAST(b.request_amount AS DECIMAL(38,0))) AS request_amount,
    SUM(CAST(b.exact AS DECIMAL(38,0))) AS exact,
    SUM(CAST(b.owed AS DECIMAL(38,0))) AS expected,
    SUM(CAST(b.charged AS DECIMAL(38,0))) AS charged
FROM based AS b
INNER JOIN rates AS r ON r.rate_id = b.rate_id
GROUP BY ALL
ORDER BY provider NULLS LAST, sku, b.service_tier, unit NULLS LAST, b.card_id NULLS LAST, r.prompt_above, b.basis
