-- Those of them that are a use of what they say: not failed, no cut streams, whose tokens are a lower bound, and no repeats.
SELECT * FROM of_model WHERE ending = 'ok'
