-- Puts the copy in the place of the rows, but for energy_kwh, which belongs to the kind of row.
-- params:
-- returns:
DROP FUNCTION energy_kwh(hourly_load, text);

DROP TABLE hourly_load;

ALTER TABLE hourly_load_kept RENAME TO hourly_load;

ALTER TABLE hourly_load RENAME CONSTRAINT hourly_load_kept_pkey TO hourly_load_pkey;

ALTER INDEX hourly_load_kept_index RENAME TO hourly_load_index;

ALTER INDEX hourly_load_kept_date_from RENAME TO hourly_load_date_from;

ALTER SEQUENCE hourly_load_kept_index_seq RENAME TO hourly_load_index_seq;
