-- Takes all sums away.
-- params:
-- returns:
DELETE FROM hourly_sum;
DELETE FROM user_day;
DELETE FROM user_period;
