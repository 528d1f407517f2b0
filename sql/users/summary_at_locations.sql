-- The users that have rows in the range at some locations, or some of these users: what charged there, by the rules of
-- users/summary.
-- params: measure text, start_date timestamptz, end_date timestamptz, sort text, limit int8, user_id text[], location_id text[]
-- returns: user_id text, energy_kwh numeric, share_percent numeric, hours int8, sessions int8, first_day date, last_day date
WITH members AS (
    SELECT DISTINCT user_id
    FROM user_location
    WHERE location_id = ANY($7::text[]) AND ($6::text[] IS NULL OR user_id = ANY($6::text[]))
),

-- The day before the range is read too: a session begins with its first row on a day, if it has none on the day before.
judged AS (
    SELECT
        stored.user_id,
        nullif(stored.session_id, 0) AS session_id,
        stored.date_from,
        (stored.date_from AT TIME ZONE site.timezone)::date AS day,
        energy_kwh(stored, $1::text) AS energy_kwh,
        stored.date_from >= coalesce($2::timestamptz, '-infinity') AS is_inside
    FROM hourly_load AS stored
    CROSS JOIN site
    WHERE stored.user_id = ANY(ARRAY(SELECT members.user_id FROM members))
        AND stored.location_id = ANY($7::text[])
        AND stored.date_from >= coalesce($2::timestamptz, '-infinity') - interval '72 hours'
        AND stored.date_from <= coalesce($3::timestamptz, 'infinity')
),

sessions_of_days AS (
    SELECT
        user_id,
        bool_and(is_inside)
        AND coalesce(day - (lag(day) OVER (PARTITION BY user_id, session_id ORDER BY day)) <> 1, true) AS is_begun
    FROM judged
    WHERE session_id IS NOT NULL
    GROUP BY user_id, session_id, day
),

begun AS (
    SELECT user_id, count(*) FILTER (WHERE is_begun) AS sessions FROM sessions_of_days GROUP BY user_id
),

of_users AS (
    SELECT
        user_id,
        coalesce(sum(energy_kwh), 0) AS energy_kwh,
        count(DISTINCT date_from) AS hours,
        min(day) AS first_day,
        max(day) AS last_day
    FROM judged
    WHERE is_inside
    GROUP BY user_id
),

shared AS (
    SELECT
        of_users.user_id,
        of_users.energy_kwh,
        round(100 * of_users.energy_kwh / nullif(sum(of_users.energy_kwh) OVER (), 0), 2) AS share_percent,
        of_users.hours,
        coalesce(begun.sessions, 0) AS sessions,
        of_users.first_day,
        of_users.last_day
    FROM of_users
    LEFT JOIN begun ON begun.user_id = of_users.user_id
)

SELECT user_id, energy_kwh, share_percent, hours, sessions, first_day, last_day
FROM shared
ORDER BY
    CASE $4::text WHEN 'energy_kwh' THEN energy_kwh WHEN 'hours' THEN hours WHEN 'sessions' THEN sessions END DESC,
    CASE $4::text WHEN 'first_day' THEN first_day END,
    CASE $4::text WHEN 'last_day' THEN last_day END DESC,
    user_id COLLATE "C"
LIMIT $5::int8
