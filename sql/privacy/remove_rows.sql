-- Takes out the rows of a user.
-- params: user_id text
-- returns: removed int8
WITH removed AS (
    DELETE FROM hourly_load WHERE user_id = $1::text RETURNING date_from, user_id
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM removed
)

SELECT count(*) AS removed FROM removed
