-- One load.
-- params: batch_id int4
-- returns: file_name text, loaded_at timestamptz, unloaded_at timestamptz
SELECT file_name, loaded_at, unloaded_at FROM load_batch WHERE batch_id = $1::int4
