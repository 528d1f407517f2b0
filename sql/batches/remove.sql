-- Takes out the rows that show a load, between two hours.
-- params: batch_id int4, first_hour timestamptz, last_hour timestamptz
-- returns: removed int8
WITH removed AS (
    DELETE FROM hourly_load
    WHERE batch_id = $1::int4
        AND date_from >= $2::timestamptz
        AND date_from <= $3::timestamptz
    RETURNING date_from, user_id
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM removed
)

SELECT count(*) AS removed FROM removed
