-- Each usage record with the number of the rate in force for its name, tier, instant and prompt; 0 if there is none. The
-- calendar's rows of its stretch are found by equality, and of these the instant decides. A record without a time lies
-- before all time, where only rates without beginning and end hold.
WITH timed AS (
    SELECT
        s.*,
        COALESCE(epoch_us(s.used_at) + $year_1970_us, $untimed_us) AS at_us
    FROM selected AS s
),

cut AS (
    SELECT
        t.*,
        GREATEST(LEAST(at_us, $last_us), $first_us) - $first_us AS since_us
    FROM timed AS t
)

SELECT
    c.*,
    COALESCE(d.rate_id, 0) AS rate_id
FROM cut AS c
LEFT JOIN calendar AS d
    ON d.provider = c.provider
    AND d.name = c.sku
    AND d.service_tier = c.service_tier
    AND d.stretch = c.since_us - c.since_us % $stretch_us
    AND c.at_us >= d.from_us
    AND c.at_us < d.to_us
    AND c.prompt_tokens > d.prompt_above
    AND c.prompt_tokens <= d.prompt_up_to
