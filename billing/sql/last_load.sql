-- The last load of a path with certain options: a file there may be the same still, or have grown.
SELECT file_id, digest, bytes, shape, whole_bytes, whole_lines
FROM files
WHERE path = $path AND reading = $reading AND shape IS NOT NULL
ORDER BY file_id DESC
LIMIT 1
