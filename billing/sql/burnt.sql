-- Which part of what was used after a step was burnt from one lot, or given back: from `begins` to before `ends` of the sum of
-- all charges after that step, oldest first. What cost nothing belongs to the part around it, or to the last of the step.
CREATE OR REPLACE TEMP TABLE burnt (
    part INTEGER NOT NULL,
    step INTEGER NOT NULL,
    begins DECIMAL(38,0) NOT NULL,       -- pico-units, as the next
    ends DECIMAL(38,0) NOT NULL,
    is_last BOOLEAN NOT NULL
)
