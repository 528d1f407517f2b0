-- Every load, newest last.
-- params:
-- returns: batch_id int4, loaded_at timestamptz, file_name text, rows_read int8, inserted int8, updated int8,
--     unchanged int8, rejected int8, first_hour timestamp, last_hour timestamp, unloaded_at timestamptz, is_sample bool,
--     source text, sessions int8
SELECT
    load_batch.batch_id,
    load_batch.loaded_at,
    load_batch.file_name,
    load_batch.rows_read,
    load_batch.inserted,
    load_batch.updated,
    load_batch.unchanged,
    load_batch.rejected,
    load_batch.first_hour AT TIME ZONE site.timezone AS first_hour,
    load_batch.last_hour AT TIME ZONE site.timezone AS last_hour,
    load_batch.unloaded_at,
    load_batch.is_sample,
    load_batch.source,
    load_batch.sessions
FROM load_batch
CROSS JOIN site
ORDER BY load_batch.batch_id
