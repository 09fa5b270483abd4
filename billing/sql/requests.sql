-- The requests that sessions tell, one for each file and all that is the same each time it is told, with its tellings:
-- while an answer streams, only its output grows. Lines that are no records are one of them, or a few.
SELECT
    * EXCLUDE (output, used_at, line),
    LIST({'output': output, 'used_at': used_at, 'line': line}) AS tellings,
    MAX(output) AS most_output,
    MAX(line) AS last_line
FROM plain
GROUP BY ALL
