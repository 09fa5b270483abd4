-- The requests to look at first: of each verdict, SKU and unit the largest variances, then the earliest.
SELECT *
FROM (
    SELECT
        a.*,
        ROW_NUMBER() OVER (
            PARTITION BY provider, sku, verdict, reason, counted_in
            ORDER BY ABS(variance) DESC NULLS LAST, used_at NULLS LAST, request_id, file_digest, line
        ) AS nth
    FROM audited AS a
    WHERE verdict <> 'matched' OR $with_matched
) AS n
WHERE nth <= $most
ORDER BY verdict, ABS(variance) DESC NULLS LAST, used_at NULLS LAST, request_id, file_digest, line
