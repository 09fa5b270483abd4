-- What became of a file's records.
UPDATE files SET
    shape = $shape,
    whole_bytes = $whole_bytes,
    whole_lines = $whole_lines,
    records = $records,
    imported = $imported,
    duplicate = $duplicate,
    superseded = $superseded,
    conflict = $conflict,
    rejected = $rejected,
    ignored = $ignored
WHERE file_id = $file_id
