-- What is told again waits no longer.
DELETE FROM stage WHERE rowid IN (SELECT nth FROM told_again)
