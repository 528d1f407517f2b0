-- The hours in descending order of their energy, all users together: the load was at least this in that many hours.
-- params: those of the source, points int4
-- returns: hours int8, share_percent numeric, hourly_energy_kwh numeric
WITH ranked AS (
    SELECT
        row_number() OVER (ORDER BY hourly.energy_kwh DESC) AS hours,
        count(*) OVER () AS observed_hours,
        hourly.energy_kwh
    FROM hours AS hourly
),

-- Evenly spread from the first rank to the last; every rank where there are no more than points.
shown AS (
    SELECT 1 + point * (observed_hours - 1) / greatest(least($6::int4, observed_hours) - 1, 1) AS hours
    FROM ranked
    CROSS JOIN LATERAL generate_series(0, least($6::int4, observed_hours) - 1) AS point
    WHERE ranked.hours = 1
)

SELECT
    ranked.hours,
    round(100.0 * ranked.hours / ranked.observed_hours, 3) AS share_percent,
    ranked.energy_kwh AS hourly_energy_kwh
FROM ranked
JOIN shown ON shown.hours = ranked.hours
ORDER BY ranked.hours
