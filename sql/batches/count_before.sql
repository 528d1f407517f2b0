-- How many rows lie before a day of the site's calendar.
-- params: day date
-- returns: stored_rows int8
SELECT count(*) AS stored_rows
FROM hourly_load
WHERE date_from < (SELECT $1::date::timestamp AT TIME ZONE timezone FROM site)
