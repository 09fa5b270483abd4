-- How many charges end in so many zeros, as digits of whole pico-units: what they may have been rounded to.
SELECT
    length(CAST(charged AS VARCHAR)) - length(rtrim(CAST(charged AS VARCHAR), '0')) AS zeros,
    COUNT(*) AS requests
FROM evidence
WHERE charged > 0
GROUP BY zeros
ORDER BY zeros
