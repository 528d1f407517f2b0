-- The charging sessions that were plugged in within the range, in that order, all or as many as the limit.
-- params: those of the source, limit int8
-- returns: session_id int4, source_session_id text, user_id text, location_id text, plug_in_at timestamptz,
--     plug_out_at timestamptz, energy_kwh numeric, plugged_hours numeric, charging_hours numeric, idle_hours numeric
SELECT
    session_id,
    source_session_id,
    user_id,
    location_id,
    plug_in_at,
    plug_out_at,
    energy_kwh,
    round(plugged_seconds / 3600.0, 4) AS plugged_hours,
    round(charging_seconds / 3600.0, 4) AS charging_hours,
    round((plugged_seconds - charging_seconds) / 3600.0, 4) AS idle_hours
FROM sessions
ORDER BY sessions.plug_in_at, sessions.index
LIMIT $6::int8
