-- Which days and hours the transaction changed.
-- params:
-- returns: days_touched int8, first_day date, last_day date, first_hour timestamptz, last_hour timestamptz
SELECT
    count(DISTINCT (hour AT TIME ZONE site.timezone)::date) AS days_touched,
    min((hour AT TIME ZONE site.timezone)::date) AS first_day,
    max((hour AT TIME ZONE site.timezone)::date) AS last_day,
    min(hour) AS first_hour,
    max(hour) AS last_hour
FROM touched_hour
CROSS JOIN site
