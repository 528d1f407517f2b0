-- The other indexes again, numbers one by one, and what the planner must know of the new rows.
-- params:
-- returns:
ALTER TABLE hourly_load ALTER COLUMN index SET CACHE 1;
CREATE INDEX hourly_load_index ON hourly_load (index);
CREATE INDEX hourly_load_date_from ON hourly_load (date_from);
ANALYZE hourly_load;
