-- Whether a user has rows at all.
-- params: user_id text
-- returns: user_exists bool
SELECT EXISTS (SELECT FROM users WHERE user_id = $1::text) AS user_exists
