-- Per weekday (1 is Monday) and hour of the site's clock, the mean energy of the observed hours, all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: weekday int4, hour int4, mean_energy_kwh numeric, observed_hours int8
SELECT
    extract(isodow FROM hourly.hour::timestamp)::int4 AS weekday,
    extract(hour FROM hourly.hour::timestamp)::int4 AS hour,
    round(avg(hourly.energy_kwh), 3) AS mean_energy_kwh,
    count(*) AS observed_hours
FROM hourly_energy AS hourly
WHERE hourly.measure = $1::text
    AND hourly.hour >= coalesce($2::timestamptz, '-infinity')
    AND hourly.hour <= coalesce($3::timestamptz, 'infinity')
GROUP BY 1, 2
ORDER BY 1, 2
