-- Takes out the sessions that show a user, with all that other loads brought for them, also where these name another user.
-- params: user_id text
-- returns: removed int8
WITH removed AS (
    DELETE FROM charging_session WHERE user_id = $1::text RETURNING source, session_key, plug_in_at
),

versions AS (
    DELETE FROM hidden_session
    USING removed
    WHERE hidden_session.source = removed.source AND hidden_session.session_key = removed.session_key
    RETURNING
        hidden_session.user_id, hidden_session.session_id, hidden_session.batch_id, hidden_session.plug_in_at,
        hidden_session.last_hour
),

hidden AS (
    DELETE FROM hidden_load
    USING versions
    WHERE hidden_load.user_id = versions.user_id
        AND hidden_load.session_id = versions.session_id
        AND hidden_load.batch_id = versions.batch_id
        AND hidden_load.date_from > versions.plug_in_at - interval '1 day'
        AND hidden_load.date_from <= versions.last_hour
),

touched AS (
    INSERT INTO touched_session_day (day) SELECT DISTINCT plug_in_at::date FROM removed
)

SELECT count(*) AS removed FROM removed
