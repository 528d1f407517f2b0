-- Notes the days of the sessions that a load brought, and those that other loads brought for them.
-- params: batch_id int4
-- returns:
INSERT INTO touched_session_day (day)
SELECT DISTINCT version.plug_in_at::date
FROM session_version AS brought
JOIN session_version AS version USING (source, session_key)
WHERE brought.batch_id = $1::int4
