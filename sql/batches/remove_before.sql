-- Takes out the rows before a day of the site's calendar.
-- params: day date
-- returns: removed int8, user_ids text[]
WITH removed AS (
    DELETE FROM hourly_load
    USING site
    WHERE hourly_load.date_from < $1::date::timestamp AT TIME ZONE site.timezone
    RETURNING hourly_load.date_from, hourly_load.user_id
),

noted_hours AS (
    INSERT INTO touched_hour (hour) SELECT DISTINCT date_from FROM removed
),

noted_users AS (
    INSERT INTO touched_user_day (day, user_id) SELECT DISTINCT date_from::date, user_id FROM removed WHERE user_id <> ''
)

SELECT count(*) AS removed, array_agg(DISTINCT user_id) AS user_ids FROM removed
