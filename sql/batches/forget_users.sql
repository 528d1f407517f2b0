-- Takes away those of the touched users who have no rows any more: one look into the key for each of them.
-- params:
-- returns:
DELETE FROM users
WHERE user_id IN (SELECT user_id FROM touched_row)
    AND (SELECT count(*) FROM (SELECT FROM hourly_load WHERE hourly_load.user_id = users.user_id LIMIT 1) AS one) = 0
