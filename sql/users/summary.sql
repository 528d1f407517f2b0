-- The users that have rows in the range, or some of them: energy, hours, sessions that began, first and last day. Fillers are
-- nobody's. Whole days come from user_day; a day that the range cuts is added up again from its rows. A session begins with its first
-- row on a day, if it has none on the day before.
-- params: measure text, start_date timestamptz, end_date timestamptz, sort text, limit int8, user_id text[]
-- returns: user_id text, energy_kwh numeric, share_percent numeric, hours int8, sessions int8, first_day date, last_day date
WITH whole AS (
    SELECT first_day, last_day FROM whole_days($1::text, $2::timestamptz, $3::timestamptz)
),

cut AS MATERIALIZED (
    SELECT
        at_end.day,
        at_end.first_hour,
        at_end.last_hour,
        least(day_before.first_hour, all_of_it.first_hour) AS read_since,
        greatest(day_before.last_hour, at_end.last_hour) AS read_until,
        site.timezone
    FROM days_at_ends($1::text, $2::timestamptz, $3::timestamptz) AS at_end
    CROSS JOIN site
    JOIN daily_totals AS all_of_it ON all_of_it.measure = $1::text AND all_of_it.day = at_end.day
    LEFT JOIN daily_totals AS day_before ON day_before.measure = $1::text AND day_before.day = at_end.day - 1
),

of_days AS (
    SELECT of_day.user_id, of_day.day, of_day.hours, of_day.sessions_begun, energy_kwh(of_day, $1::text) AS energy_kwh
    FROM user_day AS of_day
    WHERE of_day.day BETWEEN (SELECT first_day FROM whole) AND (SELECT last_day FROM whole)
        AND ($6::text[] IS NULL OR of_day.user_id = ANY($6::text[]))
    UNION ALL
    SELECT by_user.user_id, cut.day, by_user.hours, by_user.sessions_begun, by_user.energy_kwh
    FROM cut
    -- LATERAL, so that no plan reads the rows before it knows the two hours between which they lie.
    CROSS JOIN LATERAL (
        SELECT
            judged.user_id,
            count(DISTINCT judged.date_from) FILTER (WHERE judged.is_inside) AS hours,
            count(DISTINCT judged.session_id)
            - count(DISTINCT judged.session_id) FILTER (WHERE NOT judged.is_inside) AS sessions_begun,
            sum(judged.energy_kwh) FILTER (WHERE judged.is_inside) AS energy_kwh
        FROM (
            SELECT
                stored.user_id,
                nullif(stored.session_id, 0) AS session_id,
                stored.date_from,
                energy_kwh(stored, $1::text) AS energy_kwh,
                stored.date_from >= cut.first_hour AND local.day = cut.day AS is_inside
            FROM hourly_load AS stored
            CROSS JOIN LATERAL (SELECT (stored.date_from AT TIME ZONE cut.timezone)::date AS day) AS local
            WHERE stored.date_from BETWEEN cut.read_since AND cut.read_until
                AND (local.day = cut.day - 1 OR (local.day = cut.day AND stored.date_from <= cut.last_hour))
                AND stored.user_id <> ''
                AND ($6::text[] IS NULL OR stored.user_id = ANY($6::text[]))
        ) AS judged
        GROUP BY judged.user_id
        HAVING bool_or(judged.is_inside)
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
