-- The users that have rows in the range: energy, hours, sessions that began, first and last day. Fillers are nobody's.
-- Whole days come from user_day; a day that the range cuts is added up again from its rows. A session begins with its first
-- row on a day, if it has none on the day before.
-- params: measure text, start_date timestamptz, end_date timestamptz, sort text, limit int8
-- returns: user_id text, energy_kwh numeric, share_percent numeric, hours int8, sessions int8, first_day date, last_day date
WITH observed AS (
    SELECT
        daily.day,
        daily.first_hour,
        daily.last_hour,
        daily.first_hour >= coalesce($2::timestamptz, '-infinity')
        AND daily.last_hour <= coalesce($3::timestamptz, 'infinity') AS is_whole
    FROM daily_totals AS daily
    WHERE daily.measure = $1::text
        AND daily.last_hour >= coalesce($2::timestamptz, '-infinity')
        AND daily.first_hour <= coalesce($3::timestamptz, 'infinity')
),

cut AS MATERIALIZED (
    SELECT
        observed.day,
        coalesce(day_before.first_hour, observed.first_hour) AS sessions_since,
        greatest(observed.first_hour, $2::timestamptz) AS first_hour,
        least(observed.last_hour, $3::timestamptz) AS last_hour
    FROM observed
    LEFT JOIN daily_totals AS day_before ON day_before.measure = $1::text AND day_before.day = observed.day - 1
    WHERE NOT observed.is_whole
),

of_days AS (
    SELECT whole.user_id, whole.day, whole.hours, whole.sessions_begun, energy_kwh(whole, $1::text) AS energy_kwh
    FROM user_day AS whole
    WHERE whole.day BETWEEN (SELECT min(day) FROM observed WHERE is_whole)
        AND (SELECT max(day) FROM observed WHERE is_whole)
    UNION ALL
    SELECT by_user.user_id, cut.day, by_user.hours, by_user.sessions_begun, by_user.energy_kwh
    FROM cut
    -- LATERAL, so that no plan reads the rows before it knows the two hours between which they lie.
    CROSS JOIN LATERAL (
        SELECT
            stored.user_id,
            count(DISTINCT stored.date_from) FILTER (WHERE stored.date_from >= cut.first_hour) AS hours,
            count(DISTINCT stored.session_id)
            - count(DISTINCT stored.session_id) FILTER (WHERE stored.date_from < cut.first_hour) AS sessions_begun,
            sum(energy_kwh(stored, $1::text)) FILTER (WHERE stored.date_from >= cut.first_hour) AS energy_kwh
        FROM hourly_load AS stored
        WHERE stored.date_from BETWEEN cut.sessions_since AND cut.last_hour AND stored.user_id <> ''
        GROUP BY stored.user_id
        HAVING bool_or(stored.date_from >= cut.first_hour)
    ) AS by_user
),

of_users AS (
    SELECT
        user_id,
        coalesce(sum(energy_kwh), 0) AS energy_kwh,
        sum(hours)::int8 AS hours,
        sum(sessions_begun)::int8 AS sessions,
        min(day) AS first_day,
        max(day) AS last_day
    FROM of_days
    GROUP BY user_id
)

SELECT
    user_id,
    energy_kwh,
    round(100 * energy_kwh / nullif(sum(energy_kwh) OVER (), 0), 2) AS share_percent,
    hours,
    sessions,
    first_day,
    last_day
FROM of_users
ORDER BY
    CASE $4::text WHEN 'energy_kwh' THEN energy_kwh WHEN 'hours' THEN hours WHEN 'sessions' THEN sessions END DESC,
    CASE $4::text WHEN 'first_day' THEN first_day END,
    CASE $4::text WHEN 'last_day' THEN last_day END DESC,
    user_id COLLATE "C"
LIMIT $5::int8
