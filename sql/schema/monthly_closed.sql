-- The monthly totals of daily_closed, which ends with a month.
-- kind: materialized view
SELECT
    date_trunc('month', day)::date AS month,
    measure,
    count(*) AS days,
    sum(energy_kwh) AS energy_kwh,
    sum(active_hours)::bigint AS active_hours,
    max(energy_kwh) AS peak_day_kwh,
    max(peak_hour_kwh) AS peak_hour_kwh,
    min(first_hour) AS first_hour,
    max(last_hour) AS last_hour
FROM daily_closed
GROUP BY 1, measure
