-- Brings up to date what the planner knows of the tables of users, which are samples of their ids.
-- params:
-- returns:
ANALYZE hourly_load, hidden_load, user_location, user_day, user_period, charging_session, hidden_session, load_batch,
    failed_load, token
