-- Takes the sums of the touched users' days away; those whose rows are all gone stay away.
-- params:
-- returns:
DELETE FROM user_day USING touched_user_day AS touched
WHERE user_day.day = touched.day AND user_day.user_id = touched.user_id
