-- Where records are told again and again they wait for judgement.
SELECT * FROM plain
