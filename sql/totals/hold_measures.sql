-- Notes measures that rows changed by hand have values of.
-- params:
-- returns:
UPDATE measure SET is_held = true
WHERE NOT is_held AND EXISTS (SELECT FROM hourly_load AS stored WHERE energy_kwh(stored, measure.measure) IS NOT NULL)
