-- Every load, also those that failed, newest last. These have no number, and a failure, which says why.
-- params:
-- returns: batch_id int4, loaded_at timestamptz, file_name text, rows_read int8, inserted int8, updated int8,
--     unchanged int8, rejected int8, first_hour timestamp, last_hour timestamp, unloaded_at timestamptz, is_sample bool,
--     source text, sessions int8, rejected_by_reason jsonb, failure text
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
    load_batch.sessions,
    load_batch.rejected_by_reason,
    null::text AS failure
FROM load_batch
CROSS JOIN site
UNION ALL
SELECT
    null AS batch_id,
    failed_at AS loaded_at,
    file_name,
    0 AS rows_read,
    0 AS inserted,
    0 AS updated,
    0 AS unchanged,
    rejected,
    null AS first_hour,
    null AS last_hour,
    null AS unloaded_at,
    false AS is_sample,
    source,
    0 AS sessions,
    rejected_by_reason,
    reason AS failure
FROM failed_load
ORDER BY loaded_at, batch_id
