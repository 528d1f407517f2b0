-- Every row, for adding all of them up again; its hour in microseconds.
-- params:
-- returns: date_from int8, user_id text, session_id int4, location_id text, synthetic_3_6_kwh numeric,
--     synthetic_7_2_kwh numeric, flex_3_6_kwh numeric, flex_7_2_kwh numeric, metered_kwh numeric
SELECT
    (extract(EPOCH FROM date_from) * 1000000)::bigint AS date_from,
    user_id,
    session_id,
    location_id,
    synthetic_3_6_kwh,
    synthetic_7_2_kwh,
    flex_3_6_kwh,
    flex_7_2_kwh,
    metered_kwh
FROM hourly_load
