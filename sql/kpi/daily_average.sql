-- The mean daily energy over the days that have rows in the range.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: avg_daily_energy_kwh numeric
SELECT round(sum(energy_kwh) / sum(days), 2) AS avg_daily_energy_kwh
FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
HAVING count(*) > 0
