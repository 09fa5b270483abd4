-- Each usage record with the number of the rate in force for its name, tier, instant and prompt; 0 if there is none. The
-- calendar's rows of its stretch are found by equality, and of these the instant decides. Instants are microseconds since
-- the year 1; the engine counts from 1970. A record without a time lies in a stretch of its own.
WITH timed AS (
    SELECT
        s.*,
        COALESCE(epoch_us(s.used_at) + 62135596800000000, $untimed_us) AS at_us
    FROM selected AS s
)

SELECT
    t.*,
    COALESCE(c.rate_id, 0) AS rate_id
FROM timed AS t
LEFT JOIN calendar AS c
    ON c.provider = t.provider
    AND c.name = t.sku
    AND c.service_tier = t.service_tier
    AND c.stretch = t.at_us - $first_us - (t.at_us - $first_us) % $stretch_us
    AND t.at_us >= c.from_us
    AND t.at_us < c.to_us
    AND t.prompt_tokens > c.prompt_above
    AND t.prompt_tokens <= c.prompt_up_to
