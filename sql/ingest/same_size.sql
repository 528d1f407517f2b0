-- Whether a file of this size was loaded before; only then is it worth reading a file to compare.
-- params: file_bytes int8
-- returns: is_known bool
SELECT EXISTS (SELECT FROM load_batch WHERE file_bytes = $1::int8 AND unloaded_at IS NULL) AS is_known
