-- Notes the sessions that a load brought.
-- params: batch_id int4
-- returns:
INSERT INTO touched_session (source, session_key)
SELECT source, session_key FROM session_version WHERE batch_id = $1::int4
