-- The mean number of hours a day in which energy flowed, over the days that have rows in the range.
-- params: those of the source
-- returns: avg_active_charging_hours_per_day numeric
SELECT round(sum(active_hours) / sum(days), 2) AS avg_active_charging_hours_per_day
FROM periods
HAVING count(*) > 0
