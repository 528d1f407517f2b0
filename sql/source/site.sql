-- Around a query of the whole site: the hours, days and periods of the range, and the days of the last seven days.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
WITH hours AS (
    SELECT hour, energy_kwh FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz)
),

days AS (
    SELECT * FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
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

whole AS (
    SELECT first_day, last_day FROM whole_days($1::text, $2::timestamptz, $3::timestamptz)
),

-- Each user's own peak hour: of whole days from user_day, of the days that the range cuts from their rows.
user_peaks AS (
    SELECT peaks.user_id, coalesce(max(peaks.peak_kwh), 0) AS peak_kwh
    FROM (
        SELECT of_day.user_id, peak_kwh(of_day, $1::text) AS peak_kwh
        FROM user_day AS of_day
        WHERE of_day.day BETWEEN (SELECT first_day FROM whole) AND (SELECT last_day FROM whole)
        UNION ALL
        SELECT by_hour.user_id, by_hour.energy_kwh AS peak_kwh
        FROM days_at_ends($1::text, $2::timestamptz, $3::timestamptz) AS cut
        CROSS JOIN LATERAL (
            SELECT stored.user_id, sum(energy_kwh(stored, $1::text)) AS energy_kwh
            FROM hourly_load AS stored
            WHERE stored.date_from BETWEEN cut.first_hour AND cut.last_hour
                AND stored.date_from::date = cut.day
                AND stored.user_id <> ''
            GROUP BY stored.user_id, stored.date_from
        ) AS by_hour
    ) AS peaks
    GROUP BY peaks.user_id
),

-- Never read: Postgres wants to know the types of these.
filters AS (
    SELECT $4::text[] AS user_id, $5::text[] AS location_id
)

SELECT answered.*
FROM (
    --query--
) AS answered
