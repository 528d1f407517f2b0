-- Forgets a folder that is no longer watched, so that no alarm waits for a look at it.
-- params: name text
-- returns: name text
DELETE FROM watched_folder WHERE name = $1::text RETURNING name
