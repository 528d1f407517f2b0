-- Takes away those of the users who have no rows any more: one look into the key for each of them.
-- params: user_ids text[]
-- returns:
DELETE FROM users
WHERE user_id = ANY ($1::text[])
    AND (SELECT count(*) FROM (SELECT FROM hourly_load WHERE hourly_load.user_id = users.user_id LIMIT 1) AS one) = 0
