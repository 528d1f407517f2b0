-- The mean number of hours a day in which energy flowed, over the days that have rows in the range.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: avg_active_charging_hours_per_day numeric
SELECT round(sum(active_hours) / sum(days), 2) AS avg_active_charging_hours_per_day
FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
HAVING count(*) > 0
