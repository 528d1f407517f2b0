-- Around a query, inside the source of some users or of some locations: what these have in common. An hour that was observed
-- at the site was observed for all of them: those without a row in it have 0.
-- params: those of the source
-- returns: those of the query
WITH hours AS (
    SELECT '' AS member, observed.hour, coalesce(charged.energy_kwh, 0) AS energy_kwh
    FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz) AS observed
    LEFT JOIN charged_hours AS charged ON charged.hour = observed.hour
),

-- The whole range at once. Postgres leaves out a join of which the query reads nothing.
periods AS (
    SELECT
        observed.days,
        energies.energy_kwh,
        observed.observed_hours,
        of_days.active_hours,
        of_days.peak_day_kwh,
        of_days.peak_hour_kwh
    FROM (
        SELECT sum(days)::bigint AS days, sum(observed_hours)::bigint AS observed_hours
        FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
        HAVING count(*) > 0
    ) AS observed
    LEFT JOIN energies ON true
    LEFT JOIN (
        SELECT
            sum(active_hours)::bigint AS active_hours,
            max(energy_kwh) AS peak_day_kwh,
            max(peak_hour_kwh) AS peak_hour_kwh
        FROM days
    ) AS of_days ON true
),

session_sums AS (
    SELECT
        energy_wh / 1000 AS kwh,
        count(*) AS sessions,
        sum(energy_wh) AS energy_wh,
        count(plugged_seconds) AS plugged_sessions,
        sum(plugged_seconds) AS plugged_seconds,
        count(plugged_seconds - charging_seconds) AS idle_sessions,
        sum(plugged_seconds - charging_seconds) AS idle_seconds,
        sum(plugged_seconds) FILTER (WHERE charging_seconds IS NOT NULL) AS plugged_seconds_of_idle
    FROM sessions
    GROUP BY energy_wh / 1000
),

last_days AS (
    SELECT ends.is_latest, observed.day, charged.energy_kwh
    FROM (VALUES (false, $3::timestamptz), (true, NULL)) AS ends (is_latest, end_date)
    CROSS JOIN LATERAL last_7_days(ends.end_date) AS last
    CROSS JOIN LATERAL days_in_range($1::text, last.start_date, last.end_date) AS observed
    -- An aggregate of each day, so that no plan reads the rows of all days.
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(stored.energy_kwh), 0) AS energy_kwh
        FROM stored
        WHERE stored.hour BETWEEN observed.first_hour AND observed.last_hour
            AND (stored.hour AT TIME ZONE last.timezone)::date = observed.day
    ) AS charged
)

SELECT answered.*
FROM (
    --query--
) AS answered
