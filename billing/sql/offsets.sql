-- How much was drawn in the same instant before each of the charges that were given back, by id.
SELECT
    g.refund,
    c.used_at,
    CAST(c.reported AS DECIMAL(38,0)) AS charged,
    SUM(CAST(CASE WHEN o.request_id < c.request_id THEN COALESCE(o.reported, o.expected, 0) ELSE 0 END AS DECIMAL(38,0)))
        AS drawn_before
FROM given AS g
INNER JOIN drawn AS c ON c.id_hash = g.id_hash AND c.request_id = g.request_id
INNER JOIN drawn AS o ON o.used_at = c.used_at AND o.is_counted
WHERE c.is_counted
GROUP BY g.refund, c.request_id, c.used_at, c.reported
