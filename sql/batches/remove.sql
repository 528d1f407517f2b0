-- Takes out the rows that are as a load left them. Tells how many, and the loads whose rows it had overwritten.
-- params: batch_id int4
-- returns: removed int8, overwritten int4[], user_ids text[]
WITH removed AS (
    DELETE FROM hourly_load
    USING load_batch
    WHERE hourly_load.batch_id = $1::int4
        AND load_batch.batch_id = $1::int4
        AND hourly_load.date_from BETWEEN load_batch.first_hour AND load_batch.last_hour
    RETURNING hourly_load.date_from, hourly_load.user_id, hourly_load.replaced_batch_id
),

noted_hours AS (
    INSERT INTO touched_hour (hour) SELECT DISTINCT date_from FROM removed
),

noted_users AS (
    INSERT INTO touched_user_day (day, user_id) SELECT DISTINCT date_from::date, user_id FROM removed WHERE user_id <> ''
)

SELECT
    count(*) AS removed,
    array_remove(array_agg(DISTINCT replaced_batch_id), NULL) AS overwritten,
    array_agg(DISTINCT user_id) AS user_ids
FROM removed
