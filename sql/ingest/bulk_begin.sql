-- Takes the keys off the empty table: rows come in twice as fast, and the keys are built in one go afterwards.
-- params:
-- returns:
LOCK TABLE hourly_load IN ACCESS EXCLUSIVE MODE;
-- Numbers drawn one by one are a sixth of the work of COPY.
ALTER TABLE hourly_load ALTER COLUMN index SET CACHE 1000;
ALTER TABLE hourly_load DROP CONSTRAINT hourly_load_pkey;
DROP INDEX hourly_load_index, hourly_load_date_from;
-- Of a table emptied by the same transaction nobody sees a row before its end: they need no marks of who may see them,
-- and a server without replicas need not write them twice.
TRUNCATE hourly_load;
