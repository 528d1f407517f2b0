-- How many days the touched hours lie on, and the first and last of them.
-- params:
-- returns: days_touched int8, first_day date, last_day date
SELECT count(DISTINCT hour::date) AS days_touched, min(hour::date) AS first_day, max(hour::date) AS last_day
FROM touched_hour
