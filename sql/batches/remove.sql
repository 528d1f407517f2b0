-- Takes out the rows that show a load.
-- params: batch_id int4
-- returns: removed int8
WITH removed AS (
    DELETE FROM hourly_load
    WHERE batch_id = $1::int4
        AND date_from >= (SELECT first_hour FROM load_batch WHERE batch_id = $1::int4)
        AND date_from <= (SELECT last_hour FROM load_batch WHERE batch_id = $1::int4)
    RETURNING date_from, user_id
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM removed
)

SELECT count(*) AS removed FROM removed
