-- The energy of all users together in the range.
-- params: those of the source
-- returns: total_energy_kwh numeric
SELECT round(sum(energy_kwh), 2) AS total_energy_kwh
FROM periods
HAVING count(*) > 0
