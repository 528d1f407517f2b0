-- Every user that has rows.
-- params:
-- returns: user_id text
SELECT DISTINCT user_id FROM user_location ORDER BY user_id
