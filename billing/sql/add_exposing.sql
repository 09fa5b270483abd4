-- One card of one finding, with the rates that its hypothesis supposes.
INSERT INTO exposing
SELECT $finding, $card, rate_id, prompt_above, prompt_up_to, $first_at, $last_at
FROM candidates
WHERE hypothesis = $hypothesis
