-- Brings the list of users up to date with the rows.
-- params:
-- returns:
DELETE FROM users;
INSERT INTO users (user_id) SELECT DISTINCT user_id FROM hourly_load WHERE user_id <> '';
