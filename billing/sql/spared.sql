-- How many requests a finding's mistake would show in and does not: those that it would give another charge.
SELECT
    finding,
    COUNT(*) AS requests
FROM rated
WHERE rounded_amount <> charged
GROUP BY finding
