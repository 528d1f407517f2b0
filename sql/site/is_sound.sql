-- Whether the counted rows, the views and the users' days agree with the rows, as they do after each load.
-- params:
-- returns: is_sound bool
WITH stored AS (
    SELECT
        count(*) AS stored_rows,
        count(DISTINCT date_from) AS hours,
        ARRAY[
            sum(synthetic_3_6_kwh), sum(synthetic_7_2_kwh), sum(flex_3_6_kwh), sum(flex_7_2_kwh), sum(metered_kwh)
        ] AS kwh,
        count(DISTINCT ROW(user_id, date_from)) FILTER (WHERE user_id <> '') AS hours_of_users,
        ARRAY[
            sum(synthetic_3_6_kwh) FILTER (WHERE user_id <> ''),
            sum(synthetic_7_2_kwh) FILTER (WHERE user_id <> ''),
            sum(flex_3_6_kwh) FILTER (WHERE user_id <> ''),
            sum(flex_7_2_kwh) FILTER (WHERE user_id <> ''),
            sum(metered_kwh) FILTER (WHERE user_id <> '')
        ] AS kwh_of_users
    FROM hourly_load
),

shown AS (
    SELECT
        count(*) AS hours,
        ARRAY[
            sum(synthetic_3_6_kwh), sum(synthetic_7_2_kwh), sum(flex_3_6_kwh), sum(flex_7_2_kwh), sum(metered_kwh)
        ] AS kwh
    FROM hourly_totals
),

of_users AS (
    SELECT
        sum(hours) AS hours,
        ARRAY[
            sum(synthetic_3_6_kwh), sum(synthetic_7_2_kwh), sum(flex_3_6_kwh), sum(flex_7_2_kwh), sum(metered_kwh)
        ] AS kwh
    FROM user_day
)

SELECT
    stored.stored_rows = site.stored_rows
    AND (SELECT count(*) FROM charging_session) = site.stored_sessions
    AND stored.hours = shown.hours
    AND array_replace(stored.kwh, null, 0) = array_replace(shown.kwh, null, 0)
    AND stored.hours_of_users = coalesce(of_users.hours, 0)
    AND array_replace(stored.kwh_of_users, null, 0) = array_replace(of_users.kwh, null, 0) AS is_sound
FROM site
CROSS JOIN stored
CROSS JOIN shown
CROSS JOIN of_users
