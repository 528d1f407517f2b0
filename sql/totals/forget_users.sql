-- Takes away the touched users that have no rows any more, and the locations that they have none of. Comes after their years.
-- params:
-- returns:
WITH touched AS (
    SELECT DISTINCT user_id FROM touched_row
),

-- Their rows alone are read.
at_several AS (
    SELECT user_id FROM user_location
    WHERE user_id IN (SELECT user_id FROM touched)
    GROUP BY user_id
    HAVING count(*) > 1
)

DELETE FROM user_location
WHERE user_id IN (SELECT user_id FROM touched)
    AND (
        user_id NOT IN (SELECT user_id FROM user_period WHERE period = 'year')
        OR user_id IN (SELECT user_id FROM at_several)
        AND (user_id, location_id) NOT IN (
            SELECT DISTINCT user_id, location_id FROM hourly_load WHERE user_id IN (SELECT user_id FROM at_several)
        )
    )
