-- The last line of a file that grew was not whole when it was rejected; it is read again.
DELETE FROM rejects
WHERE file_digest = (SELECT digest FROM files WHERE file_id = $file_id) AND line > $whole_lines
