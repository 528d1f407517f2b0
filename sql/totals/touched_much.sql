-- Whether so many users and days were changed that adding everything up again is cheaper.
-- params: more_rows int8
-- returns: touched_much bool
SELECT (SELECT count(*) FROM touched_user_day) > greatest(2000, (stored_rows + $1::int8) / 100) AS touched_much FROM site
