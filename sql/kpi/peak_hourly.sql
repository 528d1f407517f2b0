-- The energy of the hour with the most, all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: peak_hourly_load_kwh numeric
SELECT round(max(peak_hour_kwh), 2) AS peak_hourly_load_kwh
FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
HAVING count(*) > 0
