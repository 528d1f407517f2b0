-- How many rows repeat the user, hour and session of an earlier one.
-- params:
-- returns: duplicates int8
SELECT count(*) AS duplicates FROM hourly_load WHERE occurrence > 0
