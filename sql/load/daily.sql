-- Per day, the energy of all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: day date, daily_energy_kwh numeric
SELECT day, energy_kwh AS daily_energy_kwh
FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
ORDER BY day
