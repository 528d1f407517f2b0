-- What lies before a day of the site's calendar, and what there is in all.
-- params: day date
-- returns: stored_rows int8, stored_sessions int8, first_day date, all_rows int8
WITH bound AS (
    SELECT
        timezone,
        stored_rows,
        earliest_instant($1::date, timezone) AS hour
    FROM site
)

SELECT
    count(*) AS stored_rows,
    (SELECT count(*) FROM charging_session WHERE plug_in_at < bound.hour) AS stored_sessions,
    (min(date_from) AT TIME ZONE bound.timezone)::date AS first_day,
    bound.stored_rows AS all_rows
FROM bound
LEFT JOIN hourly_load ON date_from < bound.hour
GROUP BY bound.hour, bound.timezone, bound.stored_rows
