-- The requests to look at first: of each finding, or else of each verdict, SKU and unit, the largest variances, then the
-- earliest.
WITH found AS (
    SELECT
        a.*,
        c.finding,
        c.cause
    FROM audited AS a
    LEFT JOIN explained AS e ON e.provider = a.provider AND e.request_id = a.request_id
    LEFT JOIN causes AS c
        ON c.provider = COALESCE(a.provider, '') AND c.sku = COALESCE(a.sold_as, a.sku) AND c.unit = a.counted_in AND c.verdict = a.verdict
        AND c.hypotheses = COALESCE(e.hypotheses, '') AND c.is_extreme = COALESCE(e.is_extreme, FALSE)
    WHERE a.verdict <> 'matched' OR $with_matched
),

numbered AS (
    SELECT
        f.*,
        ROW_NUMBER() OVER (
            PARTITION BY provider, sku, verdict, reason, counted_in, finding
            ORDER BY ABS(variance) DESC NULLS LAST, used_at NULLS LAST, request_id
        ) AS nth
    FROM found AS f
)

SELECT
    n.*,
    l.path
FROM numbered AS n
LEFT JOIN files AS l ON l.file_id = n.file_id
WHERE nth <= $most
ORDER BY finding NULLS LAST, verdict, ABS(variance) DESC NULLS LAST, used_at NULLS LAST, request_id, provider
