-- The mean daily energy over the days that have rows in the range.
-- params: those of the source
-- returns: avg_daily_energy_kwh numeric
SELECT round(sum(energy_kwh) / sum(days), 2) AS avg_daily_energy_kwh
FROM periods
HAVING count(*) > 0
