-- The energy of the day with the most.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: peak_daily_energy_kwh numeric
SELECT round(max(peak_day_kwh), 2) AS peak_daily_energy_kwh
FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
HAVING count(*) > 0
