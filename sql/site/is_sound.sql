-- Whether the counted rows, the views and the users' sums agree with the rows, as they do after each load.
-- params:
-- returns: is_sound bool
WITH stored AS (
    SELECT
        count(*) AS stored_rows,
        count(DISTINCT date_from) AS hours,
        ARRAY[
            coalesce(sum(synthetic_3_6_kwh), 0), coalesce(sum(synthetic_7_2_kwh), 0), coalesce(sum(flex_3_6_kwh), 0),
            coalesce(sum(flex_7_2_kwh), 0), coalesce(sum(metered_kwh), 0)
        ] AS kwh
    FROM hourly_load
),

shown AS (
    SELECT
        count(*) AS hours,
        ARRAY[
            coalesce(sum(synthetic_3_6_kwh), 0), coalesce(sum(synthetic_7_2_kwh), 0), coalesce(sum(flex_3_6_kwh), 0),
            coalesce(sum(flex_7_2_kwh), 0), coalesce(sum(metered_kwh), 0)
        ] AS kwh
    FROM hourly_totals
)

SELECT
    stored.stored_rows = site.stored_rows
    AND (SELECT count(*) FROM charging_session) = site.stored_sessions
    AND stored.hours = shown.hours
    AND stored.kwh = shown.kwh AS is_sound
FROM site
CROSS JOIN stored
CROSS JOIN shown
