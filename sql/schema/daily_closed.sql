-- The daily totals of hourly_closed.
-- kind: materialized view
SELECT day, measure, energy_kwh, active_hours, peak_hour_kwh, peak_hour, first_hour, last_hour
FROM daily_sums
WHERE NOT is_recent
