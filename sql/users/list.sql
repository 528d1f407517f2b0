-- Every user that has rows.
-- params:
-- returns: user_id text
SELECT user_id FROM users ORDER BY user_id
