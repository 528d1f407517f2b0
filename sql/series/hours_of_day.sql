-- Per hour of the day, on the site's clock: the energy, the peak hour, and how much was observed.
-- params: those of the source
-- returns: class int4, energy_kwh numeric, mean_kw numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8, load_factor numeric, complete bool
WITH calendar AS (
    SELECT extract(hour FROM hour::timestamp)::int4 AS class, count(*) AS hours
    FROM generate_series((SELECT min(hour) FROM hours), (SELECT max(hour) FROM hours), interval '1 hour') AS hour
    GROUP BY 1
)

SELECT
    observed.class,
    observed.energy_kwh,
    round(observed.energy_kwh / observed.observed_hours, 3) AS mean_kw,
    observed.peak_kw,
    observed.peak_at,
    observed.active_hours,
    observed.observed_hours,
    greatest(calendar.hours, observed.observed_hours) AS hours,
    round(observed.energy_kwh / nullif(observed.observed_hours * observed.peak_kw, 0), 3) AS load_factor,
    observed.observed_hours >= calendar.hours AS complete
FROM (
    SELECT
        extract(hour FROM hour::timestamp)::int4 AS class,
        sum(energy_kwh) AS energy_kwh,
        max(energy_kwh) AS peak_kw,
        (array_agg(hour ORDER BY energy_kwh DESC, hour))[1] AS peak_at,
        count(*) FILTER (WHERE energy_kwh > 0) AS active_hours,
        count(*) AS observed_hours
    FROM hours
    GROUP BY 1
) AS observed
JOIN calendar ON calendar.class = observed.class
ORDER BY observed.class
