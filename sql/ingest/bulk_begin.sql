-- Takes the keys off the empty table: rows come in twice as fast, and the keys are built in one go afterwards.
-- params:
-- returns:
LOCK TABLE hourly_load IN ACCESS EXCLUSIVE MODE;
-- Numbers drawn one by one are a sixth of the work of COPY.
ALTER TABLE hourly_load ALTER COLUMN index SET CACHE 1000;
ALTER TABLE hourly_load DROP CONSTRAINT hourly_load_pkey;
DROP INDEX hourly_load_index, hourly_load_date_from;
-- What goes into a table that the same transaction emptied, a server without replicas need not write to its log as well.
TRUNCATE hourly_load;
