-- Per day, the hours in which energy flowed.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: day date, active_hours int8
SELECT day, active_hours
FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
ORDER BY day
