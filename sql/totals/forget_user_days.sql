-- Takes the sums of the touched users' days, months and years away; those whose rows are all gone stay away.
-- params:
-- returns:
DELETE FROM user_day USING touched_user_day AS touched
WHERE user_day.day = touched.day AND user_day.user_id = touched.user_id;
DELETE FROM user_period USING (
    SELECT DISTINCT kind.period, date_trunc(kind.period, day)::date AS start, user_id
    FROM touched_user_day
    CROSS JOIN (VALUES ('month'), ('year')) AS kind (period)
) AS touched
WHERE user_period.period = touched.period
    AND user_period.start = touched.start
    AND user_period.user_id = touched.user_id;
