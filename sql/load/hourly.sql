-- Per observed hour, the energy of all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: hour timestamp, hourly_energy_kwh numeric
SELECT hour::timestamp AS hour, energy_kwh AS hourly_energy_kwh
FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz) AS hourly
ORDER BY hourly.hour
