-- The energy of the hour with the most, all users together.
-- params: those of the source
-- returns: peak_hourly_load_kwh numeric
SELECT round(max(peak_hour_kwh), 2) AS peak_hourly_load_kwh
FROM periods
HAVING count(*) > 0
