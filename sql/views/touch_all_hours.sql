-- Marks every hour that has rows or sums as changed.
-- params:
-- returns:
INSERT INTO touched_hour (hour)
SELECT date_from FROM hourly_load
UNION
SELECT hour FROM hourly_sum
