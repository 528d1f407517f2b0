-- The sums of the sessions of a range, all users and locations together: of whole days, and of the sessions on the days
-- that it cuts.
CREATE FUNCTION sessions_in_range(start_date timestamptz, end_date timestamptz)
RETURNS TABLE (
    kwh integer,
    sessions bigint,
    energy_wh bigint,
    plugged_sessions bigint,
    plugged_seconds bigint,
    idle_sessions bigint,
    idle_seconds bigint,
    plugged_seconds_of_idle bigint
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH outermost AS (
        SELECT first_day - 1 AS first_day, last_day + 1 AS last_day FROM outermost_days($1, $2)
    ),

    -- As days_near_ends says.
    cut AS MATERIALIZED (
        SELECT of_day.day, min(of_day.first_plug_in_at) AS first_at, max(of_day.last_plug_in_at) AS last_at
        FROM session_day AS of_day
        WHERE of_day.day = ANY(
            (
                SELECT ARRAY[first_day, first_day + 1, first_day + 2, last_day - 2, last_day - 1, last_day]
                FROM outermost
            )::date []
        )
        GROUP BY of_day.day
        HAVING min(of_day.first_plug_in_at) < $1 OR max(of_day.last_plug_in_at) > $2
    )

    SELECT
        whole.kwh, whole.sessions, whole.energy_wh, whole.plugged_sessions, whole.plugged_seconds, whole.idle_sessions,
        whole.idle_seconds, whole.plugged_seconds_of_idle
    FROM session_day AS whole
    WHERE whole.day BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day FROM outermost)
        AND whole.day NOT IN (SELECT cut.day FROM cut)
    UNION ALL
    SELECT
        of_day.kwh, of_day.sessions, of_day.energy_wh, of_day.plugged_sessions, of_day.plugged_seconds,
        of_day.idle_sessions, of_day.idle_seconds, of_day.plugged_seconds_of_idle
    FROM cut
    CROSS JOIN site
    -- An aggregate of each day, so that no plan reads the sessions of all days.
    CROSS JOIN LATERAL (
        SELECT
            session.energy_wh / 1000 AS kwh,
            count(*) AS sessions,
            sum(session.energy_wh) AS energy_wh,
            count(session.plugged_seconds) AS plugged_sessions,
            sum(session.plugged_seconds) AS plugged_seconds,
            count(session.plugged_seconds - session.charging_seconds) AS idle_sessions,
            sum(session.plugged_seconds - session.charging_seconds) AS idle_seconds,
            sum(session.plugged_seconds) FILTER (WHERE session.charging_seconds IS NOT NULL) AS plugged_seconds_of_idle
        FROM charging_session AS session
        WHERE session.plug_in_at BETWEEN greatest(cut.first_at, $1) AND least(cut.last_at, $2)
            AND (session.plug_in_at AT TIME ZONE site.timezone)::date = cut.day
        GROUP BY session.energy_wh / 1000
    ) AS of_day;
END;
