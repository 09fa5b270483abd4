-- What was drawn from one step of an account up to the next.
SELECT
    i.step,
    COUNT(*) AS requests,
    COALESCE(SUM(CAST(d.reported AS DECIMAL(38,0))), 0) AS reported,
    COUNT(d.expected) AS unreported,
    COALESCE(SUM(CAST(d.expected AS DECIMAL(38,0))), 0) AS expected,
    COUNT(*) FILTER (WHERE d.is_unknown) AS unpriced,
    SUM(CAST(d.low AS DECIMAL(38,0))) AS low,
    CASE WHEN COUNT(*) = COUNT(d.high) THEN SUM(CAST(d.high AS DECIMAL(38,0))) END AS high
FROM drawn AS d
ASOF INNER JOIN instants AS i ON d.used_at >= i.begins_at
WHERE d.is_counted AND d.used_at IS NOT NULL
GROUP BY i.step
