-- Per day, the hours in which energy flowed.
-- params: those of the source
-- returns: day date, active_hours int8
SELECT day, active_hours
FROM days
ORDER BY day
