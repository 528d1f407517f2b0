-- Per local calendar day and measure: energy, active hours, the peak hour, and the first and last hour observed.
-- kind: view
SELECT day, measure, energy_kwh, active_hours, peak_hour_kwh, peak_hour, first_hour, last_hour FROM daily_closed
UNION ALL
SELECT day, measure, energy_kwh, active_hours, peak_hour_kwh, peak_hour, first_hour, last_hour FROM daily_recent
