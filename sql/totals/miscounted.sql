-- How many rows there are more than were counted, for instance after rows were changed by hand.
-- params:
-- returns: more_rows int8
SELECT (SELECT count(*) FROM hourly_load) - stored_rows AS more_rows FROM site
