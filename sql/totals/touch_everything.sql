-- Notes every hour and every user's day of what is stored.
-- params:
-- returns:
INSERT INTO touched_hour (hour)
SELECT DISTINCT date_from FROM hourly_load
ON CONFLICT DO NOTHING;
INSERT INTO touched_user_day (day, user_id)
SELECT DISTINCT (date_from AT TIME ZONE (SELECT timezone FROM site))::date, user_id
FROM hourly_load
WHERE user_id <> '';
ANALYZE touched_hour;
ANALYZE touched_user_day;
