-- What engines are probed with: the same numbers three times, which nobody can fold before a machine computes them.
SELECT
    id - id + 1 AS number,
    id - id + $most AS most,
    id - id + $least AS least,
    id - id + $tokens AS tokens,
    id - id + $rate AS rate,
    id - id + $step AS step,
    CASE WHEN id < 0 THEN id END AS nothing,
    CASE WHEN id >= 0 THEN $used_at END AS used_at,
    CASE WHEN id >= 0 THEN 'b' END AS name,
    CASE WHEN id >= 0 THEN '{"of_request":"r 1"}' END AS tags
FROM range(3) AS counted (id)
