-- The load that brought exactly these bytes, from the same source, and was not taken out again.
-- params: file_bytes int8, sha256 text, source text
-- returns: batch_id int4, loaded_at timestamptz
SELECT batch_id, loaded_at
FROM load_batch
WHERE file_bytes = $1::int8 AND sha256 = $2::text AND source = $3::text AND unloaded_at IS NULL
ORDER BY batch_id DESC
LIMIT 1
