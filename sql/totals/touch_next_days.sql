-- Marks the days after the changed ones too: whether a session begins on a day depends on the day before.
-- params:
-- returns:
INSERT INTO touched_user_day (day, user_id)
SELECT user_day.day, user_day.user_id
FROM touched_user_day AS touched
JOIN user_day ON user_day.day = touched.day + 1 AND user_day.user_id = touched.user_id
ON CONFLICT DO NOTHING
