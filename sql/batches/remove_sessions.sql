-- Takes out the sessions that show a load.
-- params: batch_id int4
-- returns: removed int8
WITH removed AS (
    DELETE FROM charging_session WHERE batch_id = $1::int4 RETURNING batch_id
)

SELECT count(*) AS removed FROM removed
