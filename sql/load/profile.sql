-- Per weekday (1 is Monday) and hour of the site's clock, the mean energy of the observed hours, all users together.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: weekday int4, hour int4, mean_energy_kwh numeric, observed_hours int8
SELECT
    extract(isodow FROM hourly.hour::timestamp)::int4 AS weekday,
    extract(hour FROM hourly.hour::timestamp)::int4 AS hour,
    round(avg(hourly.energy_kwh), 3) AS mean_energy_kwh,
    count(*) AS observed_hours
FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz) AS hourly
GROUP BY 1, 2
ORDER BY 1, 2
