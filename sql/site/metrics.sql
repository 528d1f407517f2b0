-- What monitoring wants to know of the database. The last load is the last one that was not taken out again.
-- params:
-- returns: data_version int8, stored_rows int8, stored_sessions int8, changed_at timestamptz, refresh_seconds float8,
--     loaded_at timestamptz, load_seconds float8
SELECT
    site.data_version,
    site.stored_rows,
    site.stored_sessions,
    site.changed_at,
    site.refresh_seconds,
    last_batch.loaded_at,
    last_batch.load_seconds
FROM site
LEFT JOIN (
    SELECT loaded_at, load_seconds FROM load_batch WHERE unloaded_at IS NULL ORDER BY batch_id DESC LIMIT 1
) AS last_batch ON true
