-- Around a query of some locations: the same as of the site, with the energy of these alone. An hour that was observed at the
-- site was observed at all of them: those without a row in it have 0.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
WITH stored AS NOT MATERIALIZED (
    SELECT sums.hour, energy_kwh(sums, $1::text) AS energy_kwh
    FROM hourly_sum AS sums
    WHERE sums.location_id = ANY($5::text[])
),

-- What is stored of one location need not be added up.
charged_hours AS NOT MATERIALIZED (
    SELECT stored.hour, stored.energy_kwh FROM stored WHERE cardinality($5::text[]) = 1
    UNION ALL
    SELECT stored.hour, sum(stored.energy_kwh) AS energy_kwh
    FROM stored
    WHERE cardinality($5::text[]) > 1
    GROUP BY stored.hour
),

-- One look into the index for each day: the hours of a location are stored in their order.
days AS NOT MATERIALIZED (
    SELECT
        '' AS member,
        observed.day,
        coalesce(of_day.energy_kwh, 0) AS energy_kwh,
        observed.observed_hours,
        of_day.active_hours,
        coalesce(of_day.peak_hour_kwh, 0) AS peak_hour_kwh,
        coalesce(of_day.peak_hour, observed.first_hour) AS peak_hour,
        observed.first_hour,
        observed.last_hour
    FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz) AS observed
    CROSS JOIN LATERAL (
        SELECT
            sum(charged.energy_kwh) AS energy_kwh,
            count(*) AS active_hours,
            max(charged.energy_kwh) AS peak_hour_kwh,
            (array_agg(charged.hour ORDER BY charged.energy_kwh DESC, charged.hour))[1] AS peak_hour
        FROM charged_hours AS charged
        WHERE charged.hour BETWEEN observed.first_hour AND observed.last_hour
            AND charged.hour::date = observed.day
            AND charged.energy_kwh > 0
    ) AS of_day
),

-- The energy alone needs neither hours nor days.
energies AS (
    SELECT coalesce(sum(stored.energy_kwh), 0) AS energy_kwh
    FROM stored
    WHERE stored.hour >= coalesce($2::timestamptz, '-infinity') AND stored.hour <= coalesce($3::timestamptz, 'infinity')
),

-- Who charges here, and whether nowhere else.
charging_users AS (
    SELECT user_id, bool_and(location_id = ANY($5::text[])) AS is_here_alone
    FROM user_location
    WHERE user_id IN (SELECT user_id FROM user_location WHERE location_id = ANY($5::text[]))
    GROUP BY user_id
),

-- Of who charges here alone, from the users' years, months and days, and, of the days that the range cuts, from their rows.
-- Of the others from all their rows here.
user_peaks AS (
    SELECT parts.user_id, coalesce(max(parts.peak_kwh), 0) AS peak_kwh
    FROM (
        SELECT whole.user_id, whole.peak_kwh
        FROM user_periods_in_range($1::text, $2::timestamptz, $3::timestamptz) AS whole
        WHERE whole.user_id = ANY(ARRAY(SELECT user_id FROM charging_users WHERE is_here_alone))
        UNION ALL
        SELECT by_hour.user_id, by_hour.energy_kwh AS peak_kwh
        FROM days_at_ends($1::text, $2::timestamptz, $3::timestamptz) AS cut
        CROSS JOIN site
        CROSS JOIN LATERAL (
            SELECT rows.user_id, sum(energy_kwh(rows, $1::text)) AS energy_kwh
            FROM hourly_load AS rows
            WHERE rows.user_id = ANY(ARRAY(SELECT user_id FROM charging_users WHERE is_here_alone))
                AND rows.date_from BETWEEN cut.first_hour AND cut.last_hour
                AND (rows.date_from AT TIME ZONE site.timezone)::date = cut.day
            GROUP BY rows.user_id, rows.date_from
        ) AS by_hour
        UNION ALL
        SELECT rows.user_id, sum(energy_kwh(rows, $1::text)) AS peak_kwh
        FROM hourly_load AS rows
        WHERE rows.user_id = ANY(ARRAY(SELECT user_id FROM charging_users WHERE NOT is_here_alone))
            AND rows.date_from >= coalesce($2::timestamptz, '-infinity')
            AND rows.date_from <= coalesce($3::timestamptz, 'infinity')
            AND rows.location_id = ANY($5::text[])
        GROUP BY rows.user_id, rows.date_from
    ) AS parts
    GROUP BY parts.user_id
),

sessions AS NOT MATERIALIZED (
    SELECT *
    FROM charging_session
    WHERE location_id = ANY($5::text[])
        AND plug_in_at >= coalesce($2::timestamptz, '-infinity')
        AND plug_in_at <= coalesce($3::timestamptz, 'infinity')
),

-- Never read: Postgres wants to know the type of it.
filters AS (
    SELECT $4::text[] AS user_id
)

SELECT answered.*
FROM (
    --members--
) AS answered
