-- Per observed hour, the energy of all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: hour timestamp, hourly_energy_kwh numeric
SELECT hourly.hour::timestamp AS hour, hourly.energy_kwh AS hourly_energy_kwh
FROM hourly_energy AS hourly
WHERE hourly.measure = $1::text
    AND hourly.hour >= coalesce($2::timestamptz, '-infinity')
    AND hourly.hour <= coalesce($3::timestamptz, 'infinity')
ORDER BY hourly.hour
