-- What each rate was used for from one day to another: the sums that the lines of a statement and their rounding are made of.
SELECT
    s.day >= $this_month AS is_current,
    s.provider,
    s.sku,
    s.unit,
    s.usd_per_unit,
    s.is_priced,
    s.reason,
    s.unknown > 0 AS is_unknown,
    r.service_tier,
    CASE WHEN r.prompt_above >= 0 THEN r.prompt_above END AS prompt_above,
    r.input AS input_rate,
    r.output AS output_rate,
    r.cache_read AS cache_read_rate,
    r.cache_write_5m AS cache_write_5m_rate,
    r.cache_write_1h AS cache_write_1h_rate,
    r.cache_write_unsplit AS cache_write_unsplit_rate,
    r.web_search AS web_search_rate,
    r.per_request AS request_rate,
    SUM(CAST(s.requests AS DECIMAL(38,0))) AS requests,
    SUM(CAST(s.used AS DECIMAL(38,0))) AS used,
    SUM(CAST(s.unknown AS DECIMAL(38,0))) AS unknown,
    SUM(CAST(s.input AS DECIMAL(38,0))) AS input,
    SUM(CAST(s.output AS DECIMAL(38,0))) AS output,
    SUM(CAST(s.cache_read AS DECIMAL(38,0))) AS cache_read,
    SUM(CAST(s.cache_write_5m AS DECIMAL(38,0))) AS cache_write_5m,
    SUM(CAST(s.cache_write_1h AS DECIMAL(38,0))) AS cache_write_1h,
    SUM(CAST(s.cache_write_unsplit AS DECIMAL(38,0))) AS cache_write_unsplit,
    SUM(CAST(s.web_searches AS DECIMAL(38,0))) AS web_search,
    SUM(CAST(s.exact AS DECIMAL(38,0))) AS exact,
    SUM(CAST(s.expected AS DECIMAL(38,0))) AS expected,
    SUM(CAST(s.expected_unreported AS DECIMAL(38,0))) AS expected_unreported,
    SUM(CAST(s.charged AS DECIMAL(38,0))) AS charged,
    SUM(CAST(s.refunded AS DECIMAL(38,0))) AS refunded,
    SUM(CAST(s.variance AS DECIMAL(38,0))) AS variance,
    SUM(CAST(s.spend AS DECIMAL(38,0))) AS spend
FROM spending AS s
INNER JOIN rates AS r ON r.rate_id = s.rate_id
WHERE (s.day >= $this_month AND s.day < $month_end) OR (s.day >= $before_from AND s.day < $before_to)
GROUP BY
    s.day >= $this_month, s.provider, s.sku, s.unit, s.usd_per_unit, s.is_priced, s.reason, s.unknown > 0,
    r.service_tier, r.prompt_above,
    r.input, r.output, r.cache_read, r.cache_write_5m, r.cache_write_1h, r.cache_write_unsplit, r.web_search, r.per_request
