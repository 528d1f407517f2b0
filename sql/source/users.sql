-- Around a query of some users, at all locations or some: the same as of the site, with the energy of these alone. An hour that
-- was observed at the site was observed for all of them: those without a row in it have 0.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
-- The rows of many users lie on nearly every page of the table. The OR makes Postgres collect the pages first and read each
-- of them once, not once for each row.
WITH stored AS NOT MATERIALIZED (
    SELECT rows.user_id, rows.date_from AS hour, energy_kwh(rows, $1::text) AS energy_kwh
    FROM hourly_load AS rows
    WHERE (rows.user_id = ANY($4::text[]) OR rows.user_id = ANY(($4::text[])[1:1]))
        AND ($5::text[] IS NULL OR rows.location_id = ANY($5::text[]))
),

charged_hours AS (
    SELECT stored.hour, coalesce(sum(stored.energy_kwh), 0) AS energy_kwh
    FROM stored
    WHERE stored.hour >= coalesce($2::timestamptz, '-infinity') AND stored.hour <= coalesce($3::timestamptz, 'infinity')
    GROUP BY stored.hour
),

hours AS (
    SELECT '' AS member, observed.hour, coalesce(charged.energy_kwh, 0) AS energy_kwh
    FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz) AS observed
    LEFT JOIN charged_hours AS charged ON charged.hour = observed.hour
),

days AS (
    SELECT
        '' AS member,
        observed.day,
        coalesce(of_day.energy_kwh, 0) AS energy_kwh,
        observed.observed_hours,
        coalesce(of_day.active_hours, 0) AS active_hours,
        coalesce(of_day.peak_hour_kwh, 0) AS peak_hour_kwh,
        coalesce(of_day.peak_hour, observed.first_hour) AS peak_hour,
        observed.first_hour,
        observed.last_hour
    FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz) AS observed
    LEFT JOIN (
        SELECT
            charged.hour::date AS day,
            sum(charged.energy_kwh) AS energy_kwh,
            count(*) AS active_hours,
            max(charged.energy_kwh) AS peak_hour_kwh,
            (array_agg(charged.hour ORDER BY charged.energy_kwh DESC, charged.hour))[1] AS peak_hour
        FROM charged_hours AS charged
        WHERE charged.energy_kwh > 0
        GROUP BY 1
    ) AS of_day ON of_day.day = observed.day
),

-- At all locations, from the users' years, months and days; at some, and of the days that the range cuts, from their rows.
user_parts AS NOT MATERIALIZED (
    SELECT whole.user_id, whole.energy_kwh, whole.peak_kwh
    FROM user_periods_in_range($1::text, $2::timestamptz, $3::timestamptz) AS whole
    WHERE whole.user_id = ANY($4::text[]) AND $5::text[] IS NULL
    UNION ALL
    SELECT by_hour.user_id, by_hour.energy_kwh, by_hour.energy_kwh AS peak_kwh
    FROM days_at_ends($1::text, $2::timestamptz, $3::timestamptz) AS cut
    CROSS JOIN LATERAL (
        SELECT stored.user_id, sum(stored.energy_kwh) AS energy_kwh
        FROM stored
        WHERE stored.hour BETWEEN cut.first_hour AND cut.last_hour AND stored.hour::date = cut.day
        GROUP BY stored.user_id, stored.hour
    ) AS by_hour
    WHERE $5::text[] IS NULL
    UNION ALL
    SELECT stored.user_id, sum(stored.energy_kwh) AS energy_kwh, sum(stored.energy_kwh) AS peak_kwh
    FROM stored
    WHERE $5::text[] IS NOT NULL
        AND stored.hour >= coalesce($2::timestamptz, '-infinity')
        AND stored.hour <= coalesce($3::timestamptz, 'infinity')
    GROUP BY stored.user_id, stored.hour
),

-- The energy alone needs neither hours nor days.
energies AS (
    SELECT coalesce(sum(user_parts.energy_kwh), 0) AS energy_kwh FROM user_parts
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

user_peaks AS (
    SELECT user_parts.user_id, coalesce(max(user_parts.peak_kwh), 0) AS peak_kwh
    FROM user_parts
    GROUP BY user_parts.user_id
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
        WHERE stored.hour BETWEEN observed.first_hour AND observed.last_hour AND stored.hour::date = observed.day
    ) AS charged
),

sessions AS NOT MATERIALIZED (
    SELECT *
    FROM charging_session
    WHERE user_id = ANY($4::text[])
        AND ($5::text[] IS NULL OR location_id = ANY($5::text[]))
        AND plug_in_at >= coalesce($2::timestamptz, '-infinity')
        AND plug_in_at <= coalesce($3::timestamptz, 'infinity')
)

SELECT answered.*
FROM (
    --query--
) AS answered
