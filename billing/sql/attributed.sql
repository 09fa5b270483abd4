-- Each audited request with its finding and that finding's rule; NULL if it is of none. The findings are to be noted in
-- `causes` before.
SELECT
    a.*,
    c.finding,
    c.cause
FROM audited AS a
LEFT JOIN explained AS e ON COALESCE(e.provider, '') = COALESCE(a.provider, '') AND e.request_id = a.request_id
LEFT JOIN causes AS c
    ON c.provider = COALESCE(a.provider, '') AND c.sku = COALESCE(a.sold_as, a.sku) AND c.unit = a.counted_in AND c.verdict = a.verdict
    AND c.hypotheses = COALESCE(e.hypotheses, '') AND c.is_extreme = COALESCE(e.is_extreme, FALSE)
