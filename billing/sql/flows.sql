-- What was drawn from one step of an account up to the next. By its day a request meets few steps, however many there are.
SELECT
    i.step,
    COUNT(*) AS requests,
    COALESCE(SUM(CAST(d.reported AS DECIMAL(38,0))), 0) AS reported,
    COUNT(d.expected) AS unreported,
    COALESCE(SUM(CAST(d.expected AS DECIMAL(38,0))), 0) AS expected,
    COUNT(CASE WHEN d.is_unknown THEN 1 END) AS unpriced,
    SUM(CAST(d.low AS DECIMAL(38,0))) AS low,
    CASE WHEN COUNT(*) = COUNT(d.high) THEN SUM(CAST(d.high AS DECIMAL(38,0))) END AS high
FROM drawn AS d
INNER JOIN instants AS i ON i.day = CAST(d.used_at AS DATE) AND d.used_at >= i.begins_at AND d.used_at < i.ends_at
WHERE d.is_counted
GROUP BY i.step
