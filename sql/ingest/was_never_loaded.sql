-- Whether nothing was ever loaded into this database.
-- params:
-- returns: was_never_loaded bool
SELECT NOT EXISTS (SELECT FROM load_batch) AND NOT EXISTS (SELECT FROM hourly_sum) AS was_never_loaded
