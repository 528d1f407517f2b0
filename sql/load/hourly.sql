-- Per observed hour, the energy of all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: hour timestamp, hourly_energy_kwh numeric
SELECT hourly.hour::timestamp AS hour, hourly.energy_kwh AS hourly_energy_kwh
FROM hourly_energy AS hourly
WHERE hourly.measure = $1::text
    AND ($2::timestamptz IS NULL OR hourly.hour >= $2::timestamptz)
    AND ($3::timestamptz IS NULL OR hourly.hour <= $3::timestamptz)
ORDER BY hourly.hour
