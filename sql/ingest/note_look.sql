-- The record of a look at a folder.
-- params: name text, waiting_files int4
-- returns:
INSERT INTO watched_folder (name, looked_at, waiting_files)
VALUES ($1::text, clock_timestamp(), $2::int4)
ON CONFLICT (name) DO UPDATE SET looked_at = excluded.looked_at, waiting_files = excluded.waiting_files
