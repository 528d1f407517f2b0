-- Whether so many users and days were changed that adding everything up again is cheaper.
-- params: more_rows int8
-- returns: touched_much bool
SELECT (SELECT count(*) FROM touched_user_day) > greatest(10000, (stored_rows + $1::int8) / 30) AS touched_much FROM site
