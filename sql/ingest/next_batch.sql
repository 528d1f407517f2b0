-- The number of the load that begins.
-- params:
-- returns: batch_id int4
SELECT nextval(pg_get_serial_sequence('load_batch', 'batch_id'))::int4 AS batch_id
