-- Takes all sums away, and notes the days of all sessions.
-- params:
-- returns:
DELETE FROM hourly_sum;
DELETE FROM user_day;
DELETE FROM user_period;
DELETE FROM session_day;
INSERT INTO touched_session_day (day) SELECT DISTINCT plug_in_at::date FROM charging_session;
