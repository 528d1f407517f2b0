-- Brings the users and their locations up to date with the rows.
-- params:
-- returns:
DELETE FROM user_location;
INSERT INTO user_location (user_id, location_id)
SELECT DISTINCT user_id, location_id FROM hourly_load WHERE user_id <> '';
