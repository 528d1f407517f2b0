-- How many rows lie before a day of the site's calendar.
-- params: day date
-- returns: stored_rows int8
SELECT count(*) AS stored_rows
FROM hourly_load
WHERE date_from < (SELECT earliest_instant($1::date, timezone) FROM site)
