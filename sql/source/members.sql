-- Around a query of some users or locations: the same as of the site, with the energy of these alone. An hour that was
-- observed at the site was observed for all of them: those without a row in it have 0.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
WITH stored AS NOT MATERIALIZED (
    SELECT sums.hour, energy_kwh(sums, $1::text) AS energy_kwh
    FROM hourly_sum AS sums
    WHERE $4::text[] IS NULL AND sums.location_id = ANY($5::text[])
    UNION ALL
    SELECT rows.date_from AS hour, energy_kwh(rows, $1::text) AS energy_kwh
    FROM hourly_load AS rows
    WHERE rows.user_id = ANY($4::text[]) AND ($5::text[] IS NULL OR rows.location_id = ANY($5::text[]))
),

member_hours AS (
    SELECT hour, coalesce(sum(energy_kwh), 0) AS energy_kwh
    FROM stored
    WHERE hour >= coalesce($2::timestamptz, '-infinity') AND hour <= coalesce($3::timestamptz, 'infinity')
    GROUP BY hour
),

member_days AS (
    SELECT
        member_hours.hour::date AS day,
        sum(member_hours.energy_kwh) AS energy_kwh,
        count(*) AS active_hours,
        max(member_hours.energy_kwh) AS peak_hour_kwh,
        (array_agg(member_hours.hour ORDER BY member_hours.energy_kwh DESC, member_hours.hour))[1] AS peak_hour
    FROM member_hours
    WHERE member_hours.energy_kwh > 0
    GROUP BY 1
),

hours AS (
    SELECT observed.hour, coalesce(member_hours.energy_kwh, 0) AS energy_kwh
    FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz) AS observed
    LEFT JOIN member_hours ON member_hours.hour = observed.hour
),

days AS (
    SELECT
        observed.day,
        coalesce(member_days.energy_kwh, 0) AS energy_kwh,
        observed.observed_hours,
        coalesce(member_days.active_hours, 0) AS active_hours,
        coalesce(member_days.peak_hour_kwh, 0) AS peak_hour_kwh,
        coalesce(member_days.peak_hour, observed.first_hour) AS peak_hour,
        observed.first_hour,
        observed.last_hour
    FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz) AS observed
    LEFT JOIN member_days ON member_days.day = observed.day
),

periods AS (
    SELECT
        1 AS days, energy_kwh, observed_hours, active_hours, energy_kwh AS peak_day_kwh, peak_hour_kwh
    FROM days
),

user_peaks AS (
    SELECT by_hour.user_id, coalesce(max(by_hour.energy_kwh), 0) AS peak_kwh
    FROM (
        SELECT rows.user_id, sum(energy_kwh(rows, $1::text)) AS energy_kwh
        FROM hourly_load AS rows
        WHERE rows.user_id = ANY(
            coalesce($4::text[], ARRAY(SELECT user_id FROM user_location WHERE location_id = ANY($5::text[])))
        )
        AND rows.date_from >= coalesce($2::timestamptz, '-infinity')
        AND rows.date_from <= coalesce($3::timestamptz, 'infinity')
        AND ($5::text[] IS NULL OR rows.location_id = ANY($5::text[]))
        GROUP BY rows.user_id, rows.date_from
    ) AS by_hour
    GROUP BY by_hour.user_id
),

last_days AS (
    SELECT ends.is_latest, observed.day, coalesce(sum(stored.energy_kwh), 0) AS energy_kwh
    FROM (VALUES (false, $3::timestamptz), (true, NULL)) AS ends (is_latest, end_date)
    CROSS JOIN LATERAL last_7_days(ends.end_date) AS last
    CROSS JOIN LATERAL days_in_range($1::text, last.start_date, last.end_date) AS observed
    LEFT JOIN stored ON stored.hour BETWEEN observed.first_hour AND observed.last_hour AND stored.hour::date = observed.day
    GROUP BY ends.is_latest, observed.day
)

SELECT answered.*
FROM (
    --query--
) AS answered
