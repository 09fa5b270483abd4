-- A request of a stretch, none set aside, whose tokens do not stand at a right angle to a vector of whole numbers; if there is none, no
-- charge of the stretch tells of the rates in that direction.
SELECT {told}
FROM evidence
WHERE number BETWEEN $first AND $last
    AND CAST(input AS DECIMAL(19,0)) * CAST($input AS DECIMAL(18,0))
        + CAST(output AS DECIMAL(19,0)) * CAST($output AS DECIMAL(18,0))
        + CAST(cache_read AS DECIMAL(19,0)) * CAST($cache_read AS DECIMAL(18,0))
        + CAST(cache_write_5m AS DECIMAL(19,0)) * CAST($cache_write_5m AS DECIMAL(18,0))
        + CAST(cache_write_1h AS DECIMAL(19,0)) * CAST($cache_write_1h AS DECIMAL(18,0))
        + CAST(cache_write_unsplit AS DECIMAL(19,0)) * CAST($cache_write_unsplit AS DECIMAL(18,0))
        + CAST(web_searches AS DECIMAL(19,0)) * CAST($web_searches AS DECIMAL(18,0)) <> 0
    AND number NOT IN (SELECT number FROM set_aside)
LIMIT 1
