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
    CROSS JOIN site
    CROSS JOIN LATERAL (
        SELECT stored.user_id, sum(stored.energy_kwh) AS energy_kwh
        FROM stored
        WHERE stored.hour BETWEEN cut.first_hour AND cut.last_hour
            AND (stored.hour AT TIME ZONE site.timezone)::date = cut.day
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

user_peaks AS (
    SELECT user_parts.user_id, coalesce(max(user_parts.peak_kwh), 0) AS peak_kwh
    FROM user_parts
    GROUP BY user_parts.user_id
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
    --members--
) AS answered
