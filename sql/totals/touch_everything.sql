-- Notes every hour and every user's day, of what is stored and of what was added up before.
-- params:
-- returns:
INSERT INTO touched_hour (hour)
SELECT date_from FROM hourly_load
UNION
SELECT hour FROM hourly_sum
ON CONFLICT DO NOTHING;
INSERT INTO touched_user_day (day, user_id)
SELECT date_from::date, user_id FROM hourly_load WHERE user_id <> ''
UNION
SELECT day, user_id FROM user_day;
ANALYZE touched_hour;
ANALYZE touched_user_day;
