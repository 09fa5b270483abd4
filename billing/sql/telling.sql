-- The requests of a stretch that say something new of the rates, the first first. Each rate is known to lie between two
-- whole numbers (in pico-units per token, times $scale; NULL where nothing is known), so the exact amount of a request
-- lies between two sums. If the charge allows all amounts between these, it says nothing new; if it allows none of them,
-- or is no multiple of the step, it contradicts. Requests
-- that are set aside are passed over.
WITH ranging AS (
    SELECT
        {told},
        charged % $step <> 0 AS is_broken,
        CAST(charged + $low * CASE WHEN $by_component THEN kinds ELSE 1 END AS {amount}) * CAST($scale AS {rate})
            + $low_open AS least,
        CAST(charged + $high * CASE WHEN $by_component THEN kinds ELSE 1 END AS {amount}) * CAST($scale AS {rate})
            - $high_open AS most,
        CAST(input AS {tokens}) * CAST($input_low AS {rate}) + CAST(output AS {tokens}) * CAST($output_low AS {rate})
            + CAST(cache_read AS {tokens}) * CAST($cache_read_low AS {rate})
            + CAST(cache_write_5m AS {tokens}) * CAST($cache_write_5m_low AS {rate})
            + CAST(cache_write_1h AS {tokens}) * CAST($cache_write_1h_low AS {rate})
            + CAST(cache_write_unsplit AS {tokens}) * CAST($cache_write_unsplit_low AS {rate})
            + CAST(web_searches AS {tokens}) * CAST($web_searches_low AS {rate}) AS lowest,
        CASE WHEN input = 0 THEN 0 ELSE CAST(input AS {tokens}) * CAST($input_high AS {rate}) END
            + CASE WHEN output = 0 THEN 0 ELSE CAST(output AS {tokens}) * CAST($output_high AS {rate}) END
            + CASE WHEN cache_read = 0 THEN 0 ELSE CAST(cache_read AS {tokens}) * CAST($cache_read_high AS {rate}) END
            + CASE WHEN cache_write_5m = 0 THEN 0 ELSE CAST(cache_write_5m AS {tokens}) * CAST($cache_write_5m_high AS {rate}) END
            + CASE WHEN cache_write_1h = 0 THEN 0 ELSE CAST(cache_write_1h AS {tokens}) * CAST($cache_write_1h_high AS {rate}) END
            + CASE
                WHEN cache_write_unsplit = 0 THEN 0
                ELSE CAST(cache_write_unsplit AS {tokens}) * CAST($cache_write_unsplit_high AS {rate})
            END
            + CASE WHEN web_searches = 0 THEN 0 ELSE CAST(web_searches AS {tokens}) * CAST($web_searches_high AS {rate}) END
            AS highest
    FROM evidence
    WHERE number BETWEEN $first AND $last
)

SELECT
    {told},
    is_broken OR lowest > most OR COALESCE(highest < least, FALSE) AS contradicts
FROM ranging
WHERE (is_broken OR lowest < least OR COALESCE(highest > most, TRUE))
    AND number NOT IN (SELECT number FROM set_aside)
ORDER BY number
LIMIT $rows
