-- Where a session shows a load, shows instead what the latest other load brought for it.
-- params: batch_id int4
-- returns: restored int8
WITH latest AS (
    SELECT DISTINCT ON (hidden.source, hidden.session_key) hidden.*
    FROM charging_session AS shown
    JOIN hidden_session AS hidden ON hidden.source = shown.source AND hidden.session_key = shown.session_key
    WHERE shown.batch_id = $1::int4
    ORDER BY hidden.source, hidden.session_key, hidden.batch_id DESC
),

promoted AS (
    DELETE FROM hidden_session
    USING latest
    WHERE hidden_session.source = latest.source
        AND hidden_session.session_key = latest.session_key
        AND hidden_session.batch_id = latest.batch_id
),

restored AS (
    UPDATE charging_session SET
        batch_id = latest.batch_id,
        session_id = latest.session_id,
        user_id = latest.user_id,
        location_id = latest.location_id,
        plug_in_at = latest.plug_in_at,
        plug_out_at = latest.plug_out_at,
        charging_seconds = latest.charging_seconds,
        last_hour = latest.last_hour,
        energy_kwh = latest.energy_kwh
    FROM latest
    WHERE charging_session.source = latest.source AND charging_session.session_key = latest.session_key
    RETURNING charging_session.batch_id
)

SELECT count(*) AS restored FROM restored
