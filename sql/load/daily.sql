-- Per day, the energy of all users together.
-- params: those of the source
-- returns: day date, daily_energy_kwh numeric
SELECT day, energy_kwh AS daily_energy_kwh
FROM days
ORDER BY day
