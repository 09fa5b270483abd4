-- The price calendar: the rates of each name in each stretch of time that they touch, so that a request is compared with
-- the few rates of its stretch and not with all that ever were.
SELECT
    n.provider,
    n.name,
    r.service_tier,
    s.stretch,
    r.from_us,
    r.to_us,
    r.prompt_above,
    r.prompt_up_to,
    r.rate_id
FROM rates AS r
INNER JOIN names AS n ON n.provider = r.provider AND n.sku = r.sku
INNER JOIN stretches AS s ON s.from_us < r.to_us AND s.to_us > r.from_us
