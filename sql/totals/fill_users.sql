-- Brings the list of users up to date with their days.
-- params:
-- returns:
DELETE FROM users;
INSERT INTO users (user_id) SELECT DISTINCT user_id FROM user_day;
