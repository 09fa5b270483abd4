-- The requests of a stretch whose charge no rates between two whole vectors (pico-units per token) can give by a rounding
-- rule: it is below what the lower vector gives, or above what the higher gives. With one vector twice this is rating
-- itself, as sql/rated.sql does it: lift, then cut. Requests that are set aside are passed over.
WITH parts AS (
    SELECT
        number,
        charged,
        CAST(input AS {tokens}) * CAST($input_low AS {rate}) AS input_low,
        CAST(output AS {tokens}) * CAST($output_low AS {rate}) AS output_low,
        CAST(cache_read AS {tokens}) * CAST($cache_read_low AS {rate}) AS cache_read_low,
        CAST(cache_write_5m AS {tokens}) * CAST($cache_write_5m_low AS {rate}) AS cache_write_5m_low,
        CAST(cache_write_1h AS {tokens}) * CAST($cache_write_1h_low AS {rate}) AS cache_write_1h_low,
        CAST(cache_write_unsplit AS {tokens}) * CAST($cache_write_unsplit_low AS {rate}) AS cache_write_unsplit_low,
        CAST(web_searches AS {tokens}) * CAST($web_searches_low AS {rate}) AS web_searches_low,
        CAST(input AS {tokens}) * CAST($input_high AS {rate}) AS input_high,
        CAST(output AS {tokens}) * CAST($output_high AS {rate}) AS output_high,
        CAST(cache_read AS {tokens}) * CAST($cache_read_high AS {rate}) AS cache_read_high,
        CAST(cache_write_5m AS {tokens}) * CAST($cache_write_5m_high AS {rate}) AS cache_write_5m_high,
        CAST(cache_write_1h AS {tokens}) * CAST($cache_write_1h_high AS {rate}) AS cache_write_1h_high,
        CAST(cache_write_unsplit AS {tokens}) * CAST($cache_write_unsplit_high AS {rate}) AS cache_write_unsplit_high,
        CAST(web_searches AS {tokens}) * CAST($web_searches_high AS {rate}) AS web_searches_high
    FROM evidence
    WHERE number BETWEEN $first AND $last
),

rounded AS (
    SELECT
        number,
        charged,
        CASE
            WHEN $by_component
                THEN input_low + $lift - (input_low + $lift) % $step
                    + output_low + $lift - (output_low + $lift) % $step
                    + cache_read_low + $lift - (cache_read_low + $lift) % $step
                    + cache_write_5m_low + $lift - (cache_write_5m_low + $lift) % $step
                    + cache_write_1h_low + $lift - (cache_write_1h_low + $lift) % $step
                    + cache_write_unsplit_low + $lift - (cache_write_unsplit_low + $lift) % $step
                    + web_searches_low + $lift - (web_searches_low + $lift) % $step
            ELSE input_low + output_low + cache_read_low + cache_write_5m_low + cache_write_1h_low
                + cache_write_unsplit_low + web_searches_low + $lift
                - (
                    input_low + output_low + cache_read_low + cache_write_5m_low + cache_write_1h_low
                    + cache_write_unsplit_low + web_searches_low + $lift
                ) % $step
        END AS least,
        CASE
            WHEN $by_component
                THEN input_high + $lift - (input_high + $lift) % $step
                    + output_high + $lift - (output_high + $lift) % $step
                    + cache_read_high + $lift - (cache_read_high + $lift) % $step
                    + cache_write_5m_high + $lift - (cache_write_5m_high + $lift) % $step
                    + cache_write_1h_high + $lift - (cache_write_1h_high + $lift) % $step
                    + cache_write_unsplit_high + $lift - (cache_write_unsplit_high + $lift) % $step
                    + web_searches_high + $lift - (web_searches_high + $lift) % $step
            ELSE input_high + output_high + cache_read_high + cache_write_5m_high + cache_write_1h_high
                + cache_write_unsplit_high + web_searches_high + $lift
                - (
                    input_high + output_high + cache_read_high + cache_write_5m_high + cache_write_1h_high
                    + cache_write_unsplit_high + web_searches_high + $lift
                ) % $step
        END AS most
    FROM parts
)

SELECT number
FROM rounded
WHERE (charged < least OR charged > most) AND number NOT IN (SELECT number FROM set_aside)
ORDER BY number
LIMIT $rows
