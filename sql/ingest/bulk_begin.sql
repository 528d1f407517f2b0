-- Takes the keys off the empty table: rows come in twice as fast, and the keys are built in one go afterwards.
-- params:
-- returns:
LOCK TABLE hourly_load IN ACCESS EXCLUSIVE MODE;
ALTER TABLE hourly_load DROP CONSTRAINT hourly_load_pkey;
DROP INDEX hourly_load_index, hourly_load_date_from;
