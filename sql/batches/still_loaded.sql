-- Those of the loads that were not taken out again.
-- params: batch_ids int4[]
-- returns: batch_id int4, file_name text
SELECT batch_id, file_name
FROM load_batch
WHERE batch_id = ANY ($1::int4[]) AND unloaded_at IS NULL
ORDER BY batch_id
