-- Around a query of the whole site: the hours, days and periods of the range, the days of the last seven days, each user's peak
-- hour, and the sessions that were plugged in within the range.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
WITH hours AS (
    SELECT '' AS member, hour, energy_kwh FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz)
),

days AS (
    SELECT '' AS member, of_day.* FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz) AS of_day
),

periods AS (
    SELECT * FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
),

-- The days of the last seven days: up to the end of the range, and, is_latest, whatever the range.
last_days AS (
    SELECT ends.is_latest, days.day, days.energy_kwh
    FROM (VALUES (false, $3::timestamptz), (true, NULL)) AS ends (is_latest, end_date)
    CROSS JOIN LATERAL last_7_days(ends.end_date) AS last
    CROSS JOIN LATERAL days_in_range($1::text, last.start_date, last.end_date) AS days
),

-- Each user's own peak hour: of whole years, months and days, and of the days that the range cuts from their rows.
user_peaks AS (
    SELECT parts.user_id, coalesce(max(parts.peak_kwh), 0) AS peak_kwh
    FROM (
        SELECT whole.user_id, whole.peak_kwh
        FROM user_periods_in_range($1::text, $2::timestamptz, $3::timestamptz) AS whole
        UNION ALL
        SELECT by_hour.user_id, by_hour.energy_kwh AS peak_kwh
        FROM days_at_ends($1::text, $2::timestamptz, $3::timestamptz) AS cut
        CROSS JOIN site
        CROSS JOIN LATERAL (
            SELECT rows.user_id, sum(energy_kwh(rows, $1::text)) AS energy_kwh
            FROM hourly_load AS rows
            WHERE rows.date_from BETWEEN cut.first_hour AND cut.last_hour
                AND (rows.date_from AT TIME ZONE site.timezone)::date = cut.day
                AND rows.user_id <> ''
            GROUP BY rows.user_id, rows.date_from
        ) AS by_hour
    ) AS parts
    GROUP BY parts.user_id
),

session_sums AS (
    SELECT * FROM sessions_in_range($2::timestamptz, $3::timestamptz)
),

sessions AS NOT MATERIALIZED (
    SELECT *
    FROM charging_session
    WHERE plug_in_at >= coalesce($2::timestamptz, '-infinity') AND plug_in_at <= coalesce($3::timestamptz, 'infinity')
),

-- Never read: Postgres wants to know the types of these.
filters AS (
    SELECT $4::text[] AS user_id, $5::text[] AS location_id
)

SELECT answered.*
FROM (
    --query--
) AS answered
