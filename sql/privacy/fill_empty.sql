-- Puts a row of nobody into each table of users that is empty: ANALYZE keeps what it knew of a table without rows.
-- params:
-- returns:
INSERT INTO hourly_load (date_from, date_to, user_id, batch_id)
SELECT to_timestamp(0), to_timestamp(3600), '', 0 WHERE NOT EXISTS (SELECT FROM hourly_load);
INSERT INTO hidden_load (date_from, session_id, occurrence, batch_id, user_id, location_id)
SELECT to_timestamp(0), 0, 0, 0, '', '' WHERE NOT EXISTS (SELECT FROM hidden_load);
INSERT INTO user_location (user_id, location_id)
SELECT '', '' WHERE NOT EXISTS (SELECT FROM user_location);
INSERT INTO user_day (
    day, hours, sessions_begun, user_id,
    synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh,
    peak_synthetic_3_6_kwh, peak_synthetic_7_2_kwh, peak_flex_3_6_kwh, peak_flex_7_2_kwh, peak_metered_kwh
)
SELECT '1970-01-01', 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT FROM user_day);
INSERT INTO user_period (
    start, period, user_id,
    synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh,
    peak_synthetic_3_6_kwh, peak_synthetic_7_2_kwh, peak_flex_3_6_kwh, peak_flex_7_2_kwh, peak_metered_kwh
)
SELECT '1970-01-01', 'month', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT FROM user_period);
INSERT INTO charging_session (
    plug_in_at, last_hour, session_id, batch_id, source, session_key, user_id, location_id, energy_kwh
)
SELECT to_timestamp(0), to_timestamp(0), 0, 0, '', '', '', '', 0 WHERE NOT EXISTS (SELECT FROM charging_session);
INSERT INTO hidden_session (
    plug_in_at, last_hour, session_id, batch_id, source, session_key, user_id, location_id, energy_kwh
)
SELECT to_timestamp(0), to_timestamp(0), 0, 0, '', '', '', '', 0 WHERE NOT EXISTS (SELECT FROM hidden_session);
