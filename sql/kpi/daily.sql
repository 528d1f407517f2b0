-- Per day: the energy, the hours in which any flowed, and the hour with the most.
-- params: those of the source
-- returns: day date, daily_energy_kwh numeric, active_hours int8, peak_hourly_load_kwh numeric, peak_hour timestamptz
SELECT
    day,
    energy_kwh AS daily_energy_kwh,
    active_hours,
    peak_hour_kwh AS peak_hourly_load_kwh,
    peak_hour
FROM days
ORDER BY day
