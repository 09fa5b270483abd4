-- How many requests of a month name no project or no key, of the dimensions that are asked for.
SELECT SUM(requests) AS requests
FROM spending
WHERE day >= $this_month
    AND ($provider IS NULL OR provider = $provider)
    AND (($no_project AND project IS NULL) OR ($no_key AND api_key_id IS NULL))
