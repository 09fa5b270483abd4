-- What is read again was no record of the load before.
UPDATE files SET records = records - $cut, rejected = rejected - $cut WHERE file_id = $file_id
