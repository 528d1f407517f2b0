-- Notes the hours, and the users' days, of the touched rows, and the days after those: whether a session begins on a day
-- depends on the day before. May run again after more rows were touched.
-- params:
-- returns:
INSERT INTO touched_hour (hour) SELECT DISTINCT hour FROM touched_row
ON CONFLICT DO NOTHING;
INSERT INTO touched_user_day (day, user_id)
SELECT DISTINCT touched.hour::date + later.days, touched.user_id
FROM touched_row AS touched
CROSS JOIN (VALUES (0), (1)) AS later (days)
WHERE touched.user_id <> ''
ON CONFLICT DO NOTHING;
ANALYZE touched_hour;
ANALYZE touched_user_day;
