-- The load of the bundled sample, if it is there: it makes way for real data.
-- params:
-- returns: batch_id int4
SELECT batch_id FROM load_batch WHERE is_sample AND unloaded_at IS NULL
