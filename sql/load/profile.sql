-- Per weekday (1 is Monday) and hour of the site's clock, the mean energy of the observed hours, all users together.
-- params: those of the source
-- returns: weekday int4, hour int4, mean_energy_kwh numeric, observed_hours int8
SELECT
    extract(isodow FROM hourly.hour::timestamp)::int4 AS weekday,
    extract(hour FROM hourly.hour::timestamp)::int4 AS hour,
    round(avg(hourly.energy_kwh), 3) AS mean_energy_kwh,
    count(*) AS observed_hours
FROM hours AS hourly
GROUP BY 1, 2
ORDER BY 1, 2
