-- Marks what does not show of the sessions of a load, as earlier ones brought them: it is not to show again beside it.
-- params: batch_id int4, source text
-- returns:
UPDATE hidden_load SET is_superseded = true
FROM session_version AS version
WHERE version.source = $2::text
    AND version.batch_id <> $1::int4
    AND version.session_key IN (SELECT session_key FROM staged_session)
    AND hidden_load.user_id = version.user_id
    AND hidden_load.session_id = version.session_id
    AND hidden_load.batch_id = version.batch_id
    AND hidden_load.date_from > version.after_hour
    AND hidden_load.date_from <= version.last_hour
