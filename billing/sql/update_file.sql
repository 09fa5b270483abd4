-- What became of a file's records.
UPDATE files SET
    shape = $shape,
    records = $records,
    imported = $imported,
    duplicate = $duplicate,
    superseded = $superseded,
    conflict = $conflict,
    rejected = $rejected,
    ignored = $ignored
WHERE file_id = $file_id
