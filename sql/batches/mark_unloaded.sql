-- Notes that a load was taken out again.
-- params: batch_id int4
-- returns:
UPDATE load_batch SET unloaded_at = clock_timestamp() WHERE batch_id = $1::int4
