-- Adds up the sessions of the touched days again, on the site's clock.
-- params:
-- returns:
DELETE FROM session_day USING touched_session_day AS touched WHERE session_day.day = touched.day;
INSERT INTO session_day (
    day, kwh, first_plug_in_at, last_plug_in_at, sessions, energy_wh, plugged_sessions, plugged_seconds, idle_sessions,
    idle_seconds, plugged_seconds_of_idle
)
SELECT
    touched.day,
    session.energy_wh / 1000,
    min(session.plug_in_at),
    max(session.plug_in_at),
    count(*),
    sum(session.energy_wh),
    count(session.plugged_seconds),
    sum(session.plugged_seconds),
    count(session.plugged_seconds - session.charging_seconds),
    sum(session.plugged_seconds - session.charging_seconds),
    sum(session.plugged_seconds) FILTER (WHERE session.charging_seconds IS NOT NULL)
FROM (SELECT DISTINCT day FROM touched_session_day) AS touched
-- A little more than the day, as clocks are set back at midnight too in places.
JOIN charging_session AS session
    ON session.plug_in_at >= touched.day::timestamptz - interval '3 hours'
    AND session.plug_in_at < (touched.day + 1)::timestamptz + interval '3 hours'
    AND session.plug_in_at::date = touched.day
GROUP BY touched.day, session.energy_wh / 1000;
