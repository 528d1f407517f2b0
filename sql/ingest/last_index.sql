-- The highest index stored so far, 0 in an empty table; rows above it are new.
-- params:
-- returns: last_index int8
SELECT coalesce(max(index), 0) AS last_index FROM hourly_load
