-- How many rows show a load.
-- params: batch_id int4
-- returns: stored_rows int8
SELECT count(*) AS stored_rows
FROM hourly_load
WHERE batch_id = $1::int4
    AND date_from >= (SELECT first_hour FROM load_batch WHERE batch_id = $1::int4)
    AND date_from <= (SELECT last_hour FROM load_batch WHERE batch_id = $1::int4)
