-- Which hypotheses give the charge of a mismatched request to the last digit.
SELECT
    a.mismatch,
    r.hypothesis
FROM rated AS a
INNER JOIN rates AS r ON r.rate_id = a.rate_id
WHERE a.rounded_amount = a.charged
