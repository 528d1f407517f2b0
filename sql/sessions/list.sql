-- The charging sessions that were plugged in within the range, in that order, after a place, and one more than the limit.
-- params: those of the source, after_plug_in_at timestamptz, after_index int8, limit int8
-- returns: session_id int4, source_session_id text, user_id text, location_id text, plug_in_at timestamptz,
--     plug_out_at timestamptz, energy_kwh numeric, plugged_hours numeric, charging_hours numeric, idle_hours numeric,
--     next_after text
SELECT
    told.session_id,
    told.source_session_id,
    told.user_id,
    told.location_id,
    told.plug_in_at,
    told.plug_out_at,
    told.energy_kwh,
    round(told.plugged_seconds / 3600.0, 4) AS plugged_hours,
    round(told.charging_seconds / 3600.0, 4) AS charging_hours,
    round((told.plugged_seconds - told.charging_seconds) / 3600.0, 4) AS idle_hours,
    to_char(told.plug_in_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '_' || told.index AS next_after
FROM (
    SELECT sessions.*
    FROM sessions
    WHERE (sessions.plug_in_at, sessions.index) > (coalesce($6::timestamptz, '-infinity'), $7::int8)
    ORDER BY sessions.plug_in_at, sessions.index
    LIMIT $8::int8 + 1
) AS told
ORDER BY told.plug_in_at, told.index
