-- The other indexes again, and what the planner must know of the new rows.
-- params:
-- returns:
CREATE INDEX hourly_load_index ON hourly_load (index);

CREATE INDEX hourly_load_date_from ON hourly_load (date_from);

ANALYZE hourly_load;
