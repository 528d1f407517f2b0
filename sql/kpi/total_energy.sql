-- The energy of all users together in the range.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: total_energy_kwh numeric
SELECT round(sum(energy_kwh), 2) AS total_energy_kwh
FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
HAVING count(*) > 0
