-- The requests to look at first: of each finding, or else of each verdict, SKU and unit, the largest variances, then the
-- earliest.
WITH numbered AS (
    SELECT
        a.*,
        ROW_NUMBER() OVER (
            PARTITION BY provider, sku, verdict, reason, counted_in, finding
            ORDER BY ABS(variance) DESC NULLS LAST, used_at NULLS LAST, request_id
        ) AS nth
    FROM attributed AS a
    WHERE verdict <> 'matched' OR $with_matched
)

SELECT
    n.*,
    l.path
FROM numbered AS n
LEFT JOIN files AS l ON l.file_id = n.file_id
WHERE nth <= $most
ORDER BY finding NULLS LAST, verdict, ABS(variance) DESC NULLS LAST, used_at NULLS LAST, request_id, provider
