-- What became of the records of files.
UPDATE files SET
    shape = t.shape,
    whole_bytes = t.whole_bytes,
    whole_lines = t.whole_lines,
    records = t.records,
    imported = t.imported,
    duplicate = t.duplicate,
    superseded = t.superseded,
    conflict = t.conflict,
    rejected = t.rejected,
    ignored = t.ignored
FROM (
    SELECT
        UNNEST($file_id) AS file_id,
        UNNEST($shape) AS shape,
        UNNEST($whole_bytes) AS whole_bytes,
        UNNEST($whole_lines) AS whole_lines,
        UNNEST($records) AS records,
        UNNEST($imported) AS imported,
        UNNEST($duplicate) AS duplicate,
        UNNEST($superseded) AS superseded,
        UNNEST($conflict) AS conflict,
        UNNEST($rejected) AS rejected,
        UNNEST($ignored) AS ignored
) AS t
WHERE files.file_id = t.file_id
