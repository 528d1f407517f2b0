-- Takes the sums of the touched hours away; an hour whose rows are all gone stays away.
-- params:
-- returns:
DELETE FROM hourly_sum WHERE hour IN (SELECT hour FROM touched_hour)
