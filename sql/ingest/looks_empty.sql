-- Whether there are no rows, without touching their table: the one who fills it may be waiting to lock it.
-- params:
-- returns: looks_empty bool
SELECT NOT EXISTS (SELECT FROM hourly_sum) AS looks_empty
