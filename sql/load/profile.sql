-- Per weekday (1 is Monday) and hour of the site's clock, the mean energy of the observed hours, and the energies
-- that a tenth, half, and nine tenths of them do not exceed: between two hours in proportion, as percentile_cont does, but exact.
-- params: those of the source
-- returns: weekday int4, hour int4, mean_energy_kwh numeric, observed_hours int8, p10_kwh numeric,
--     p50_kwh numeric, p90_kwh numeric
WITH cells AS (
    SELECT
        extract(isodow FROM hourly.hour::timestamp)::int4 AS weekday,
        extract(hour FROM hourly.hour::timestamp)::int4 AS hour,
        avg(hourly.energy_kwh) AS mean_energy_kwh,
        count(*) AS observed_hours,
        array_agg(hourly.energy_kwh ORDER BY hourly.energy_kwh) AS rising_kwh
    FROM hours AS hourly
    GROUP BY 1, 2
)

SELECT
    cells.weekday,
    cells.hour,
    round(cells.mean_energy_kwh, 3) AS mean_energy_kwh,
    cells.observed_hours,
    round(percentiles.kwh[1], 3) AS p10_kwh,
    round(percentiles.kwh[2], 3) AS p50_kwh,
    round(percentiles.kwh[3], 3) AS p90_kwh
FROM cells
CROSS JOIN LATERAL (
    SELECT
        array_agg(
            rising_kwh[rank]
            + (rising_kwh[least(rank + 1, observed_hours)] - rising_kwh[rank]) * tenths_to_next / 10
            ORDER BY tenths
        ) AS kwh
    FROM (
        SELECT
            tenths,
            1 + (observed_hours - 1) * tenths / 10 AS rank,
            (observed_hours - 1) * tenths % 10 AS tenths_to_next
        FROM unnest(ARRAY[1, 5, 9]) AS tenths
    ) AS ranked
) AS percentiles
ORDER BY cells.weekday, cells.hour
