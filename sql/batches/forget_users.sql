-- Takes away what the touched users have no rows of any more, a user or one of their locations: a look at each one's rows.
-- params:
-- returns:
DELETE FROM user_location
WHERE user_id IN (SELECT user_id FROM touched_row)
    AND (
        SELECT count(*)
        FROM (
            SELECT FROM hourly_load AS stored
            WHERE stored.user_id = user_location.user_id AND stored.location_id = user_location.location_id
            LIMIT 1
        ) AS one
    ) = 0
