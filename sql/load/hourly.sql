-- Per observed hour, the energy of all users together.
-- params: those of the source
-- returns: hour timestamp, hourly_energy_kwh numeric
SELECT hour::timestamp AS hour, energy_kwh AS hourly_energy_kwh
FROM hours AS hourly
ORDER BY hourly.hour
