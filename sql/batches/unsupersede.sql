-- Unmarks what the latest load that is left brought for the touched sessions: it may show again.
-- params:
-- returns:
WITH latest AS (
    SELECT DISTINCT ON (version.source, version.session_key) version.*
    FROM touched_session
    JOIN session_version AS version USING (source, session_key)
    ORDER BY version.source, version.session_key, version.batch_id DESC
)

UPDATE hidden_load SET is_superseded = false
FROM latest
WHERE hidden_load.is_superseded
    AND hidden_load.user_id = latest.user_id
    AND hidden_load.session_id = latest.session_id
    AND hidden_load.batch_id = latest.batch_id
    AND hidden_load.date_from > latest.after_hour
    AND hidden_load.date_from <= latest.last_hour
