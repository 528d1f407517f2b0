-- One load.
-- params: batch_id int4
-- returns: file_name text, loaded_at timestamptz, unloaded_at timestamptz, first_hour timestamptz, last_hour timestamptz,
--     sessions int8
SELECT file_name, loaded_at, unloaded_at, first_hour, last_hour, sessions FROM load_batch WHERE batch_id = $1::int4
