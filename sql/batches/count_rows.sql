-- How many rows are as a load left them.
-- params: batch_id int4
-- returns: stored_rows int8
SELECT count(*) AS stored_rows
FROM hourly_load
CROSS JOIN (SELECT first_hour, last_hour FROM load_batch WHERE batch_id = $1::int4) AS batch
WHERE hourly_load.batch_id = $1::int4 AND hourly_load.date_from BETWEEN batch.first_hour AND batch.last_hour
