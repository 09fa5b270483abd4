-- The files that were read before, by path or by digest.
SELECT path FROM files WHERE path IN (SELECT UNNEST($paths)) OR digest IN (SELECT UNNEST($digests))
