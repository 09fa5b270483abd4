-- The least and the largest count of each kind in a stretch of the evidence, and the largest charge.
SELECT
    COUNT(*) AS requests,
    MIN(input) AS input_least,
    MAX(input) AS input_most,
    MIN(output) AS output_least,
    MAX(output) AS output_most,
    MIN(cache_read) AS cache_read_least,
    MAX(cache_read) AS cache_read_most,
    MIN(cache_write_5m) AS cache_write_5m_least,
    MAX(cache_write_5m) AS cache_write_5m_most,
    MIN(cache_write_1h) AS cache_write_1h_least,
    MAX(cache_write_1h) AS cache_write_1h_most,
    MIN(cache_write_unsplit) AS cache_write_unsplit_least,
    MAX(cache_write_unsplit) AS cache_write_unsplit_most,
    MIN(web_searches) AS web_searches_least,
    MAX(web_searches) AS web_searches_most,
    MAX(kinds) AS kinds_most,
    MAX(charged) AS charged_most
FROM evidence
WHERE number BETWEEN $first AND $last
