-- Those of them that used what they say: not failed, and no cut streams, whose tokens are a lower bound.
SELECT * FROM of_model WHERE status = 'ok'
