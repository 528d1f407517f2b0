-- Per observed hour, the energy of all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: hour timestamp, hourly_energy_kwh float8
SELECT hourly.hour AT TIME ZONE site.timezone AS hour, hourly.energy_kwh::float8 AS hourly_energy_kwh
FROM hourly_energy AS hourly
CROSS JOIN site
WHERE hourly.measure = $1::text
    AND ($2::timestamptz IS NULL OR hourly.hour >= $2::timestamptz)
    AND ($3::timestamptz IS NULL OR hourly.hour <= $3::timestamptz)
ORDER BY hourly.hour
