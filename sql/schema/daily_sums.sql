-- Per local calendar day and measure: energy, active hours, the peak hour, and the first and last hour observed.
-- What the two daily materialized views are made of; a day lies wholly on one side of site.recent_since.
-- kind: view
SELECT
    (hour AT TIME ZONE site.timezone)::date AS day,
    measure,
    sum(energy_kwh) AS energy_kwh,
    count(*) FILTER (WHERE energy_kwh > 0) AS active_hours,
    max(energy_kwh) AS peak_hour_kwh,
    (array_agg(hour ORDER BY energy_kwh DESC, hour))[1] AS peak_hour,
    min(hour) AS first_hour,
    max(hour) AS last_hour,
    is_recent
FROM hourly_energy
CROSS JOIN site
GROUP BY 1, measure, is_recent
