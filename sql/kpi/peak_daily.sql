-- The energy of the day with the most.
-- params: those of the source
-- returns: peak_daily_energy_kwh numeric
SELECT round(max(peak_day_kwh), 2) AS peak_daily_energy_kwh
FROM periods
HAVING count(*) > 0
