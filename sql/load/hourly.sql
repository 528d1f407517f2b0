-- Per observed hour, the energy of all users together.
-- params: those of the source
-- returns: hour timestamptz, hourly_energy_kwh numeric
SELECT hour, energy_kwh AS hourly_energy_kwh
FROM hours AS hourly
ORDER BY hourly.hour
