-- The users that have rows between two instants, both inclusive. Whole days come from user_day; a day that the range cuts
-- is added up again from its rows. A session begins with its first row on a day, if it has none on the day before.
-- kind: function
CREATE FUNCTION users_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (user_id text, energy_kwh numeric, hours bigint, sessions bigint, first_day date, last_day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH touched AS (
        SELECT
            daily.day,
            daily.first_hour,
            daily.last_hour,
            ($2 IS NULL OR daily.first_hour >= $2) AND ($3 IS NULL OR daily.last_hour <= $3) AS is_whole
        FROM daily_totals AS daily
        WHERE daily.measure = $1
            AND ($2 IS NULL OR daily.last_hour >= $2)
            AND ($3 IS NULL OR daily.first_hour <= $3)
    ),
    cut AS MATERIALIZED (
        SELECT
            touched.day,
            coalesce(day_before.first_hour, touched.first_hour) AS sessions_since,
            greatest(touched.first_hour, $2) AS first_hour,
            least(touched.last_hour, $3) AS last_hour
        FROM touched
        LEFT JOIN daily_totals AS day_before ON day_before.measure = $1 AND day_before.day = touched.day - 1
        WHERE NOT touched.is_whole
    ),
    days AS (
        SELECT
            whole.user_id,
            whole.day,
            whole.hours,
            whole.sessions_begun,
            whole.synthetic_3_6_kwh,
            whole.synthetic_7_2_kwh,
            whole.flex_3_6_kwh,
            whole.flex_7_2_kwh
        FROM user_day AS whole
        WHERE whole.day BETWEEN (SELECT min(touched.day) FROM touched WHERE touched.is_whole)
            AND (SELECT max(touched.day) FROM touched WHERE touched.is_whole)
        UNION ALL
        SELECT
            by_user.user_id,
            cut.day,
            by_user.hours,
            by_user.sessions_begun,
            by_user.synthetic_3_6_kwh,
            by_user.synthetic_7_2_kwh,
            by_user.flex_3_6_kwh,
            by_user.flex_7_2_kwh
        FROM cut
        -- LATERAL, so that no plan reads the rows before it knows the two hours between which they lie.
        CROSS JOIN LATERAL (
            SELECT
                stored.user_id,
                count(DISTINCT stored.date_from) FILTER (WHERE stored.date_from >= cut.first_hour) AS hours,
                count(DISTINCT stored.session_id)
                - count(DISTINCT stored.session_id) FILTER (WHERE stored.date_from < cut.first_hour) AS sessions_begun,
                sum(stored.synthetic_3_6_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS synthetic_3_6_kwh,
                sum(stored.synthetic_7_2_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS synthetic_7_2_kwh,
                sum(stored.flex_3_6_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS flex_3_6_kwh,
                sum(stored.flex_7_2_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS flex_7_2_kwh
            FROM hourly_load AS stored
            WHERE stored.date_from BETWEEN cut.sessions_since AND cut.last_hour AND stored.user_id <> ''
            GROUP BY stored.user_id
            HAVING bool_or(stored.date_from >= cut.first_hour)
        ) AS by_user
    )
    SELECT
        days.user_id,
        coalesce(sum(
            CASE $1
                WHEN 'synthetic_3_6_kwh' THEN days.synthetic_3_6_kwh
                WHEN 'synthetic_7_2_kwh' THEN days.synthetic_7_2_kwh
                WHEN 'flex_3_6_kwh' THEN days.flex_3_6_kwh
                WHEN 'flex_7_2_kwh' THEN days.flex_7_2_kwh
            END
        ), 0),
        sum(days.hours)::bigint,
        sum(days.sessions_begun)::bigint,
        min(days.day),
        max(days.day)
    FROM days
    GROUP BY days.user_id
$$
