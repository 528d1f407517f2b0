-- Per observed hour: the energy, in the figures of a series.
-- params: those of the source
-- returns: start timestamptz, end timestamptz, energy_kwh numeric, mean_kw numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8, load_factor numeric, complete bool
SELECT
    hour AS start,
    hour + interval '1 hour' AS "end",
    energy_kwh,
    energy_kwh AS mean_kw,
    energy_kwh AS peak_kw,
    hour AS peak_at,
    (energy_kwh > 0)::int::int8 AS active_hours,
    1::int8 AS observed_hours,
    1::int8 AS hours,
    round(energy_kwh / nullif(energy_kwh, 0), 3) AS load_factor,
    true AS complete
FROM hours
ORDER BY hours.hour
