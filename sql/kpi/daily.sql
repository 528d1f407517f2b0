-- Per day: the energy, the hours in which any flowed, and the hour with the most.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: day date, daily_energy_kwh numeric, active_hours int8, peak_hourly_load_kwh numeric, peak_hour timestamp
SELECT
    day,
    energy_kwh AS daily_energy_kwh,
    active_hours,
    peak_hour_kwh AS peak_hourly_load_kwh,
    peak_hour::timestamp AS peak_hour
FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
ORDER BY day
