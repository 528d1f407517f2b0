-- How many rows and sessions there are more than were counted, for instance after they were changed by hand.
-- params:
-- returns: more_rows int8, more_sessions int8
SELECT
    (SELECT count(*) FROM hourly_load) - stored_rows AS more_rows,
    (SELECT count(*) FROM charging_session) - stored_sessions AS more_sessions
FROM site
