-- Files of which no record is judged yet.
INSERT INTO files BY NAME
SELECT
    UNNEST($file_id) AS file_id,
    $loaded_at AS loaded_at,
    UNNEST($path) AS path,
    UNNEST($digest) AS digest,
    UNNEST($bytes) AS bytes,
    NULL AS shape,
    0 AS records,
    0 AS imported,
    0 AS duplicate,
    0 AS superseded,
    0 AS conflict,
    0 AS rejected,
    0 AS ignored,
    $reading AS reading,
    0 AS whole_bytes,
    0 AS whole_lines,
    UNNEST($continues) AS continues
