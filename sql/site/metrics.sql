-- What monitoring wants to know of the database. The last load is the last one that was not taken out again; the last look is
-- the oldest of the last looks at all watched folders. Sizes are in bytes, that of the WAL where the role may see it.
-- params:
-- returns: data_version int8, stored_rows int8, stored_sessions int8, changed_at timestamptz, refresh_seconds float8,
--     latest_hour timestamptz, loaded_at timestamptz, load_seconds float8, loads int8, failed_loads int8,
--     rejected_rows int8, looked_at timestamptz, waiting_files int8, database_bytes int8, wal_bytes int8
SELECT
    site.data_version,
    site.stored_rows,
    site.stored_sessions,
    site.changed_at,
    site.refresh_seconds,
    site.latest_hour,
    last_batch.loaded_at,
    last_batch.load_seconds,
    done.loads,
    failed.loads AS failed_loads,
    (done.rejected + failed.rejected)::int8 AS rejected_rows,
    watched.looked_at,
    watched.waiting_files,
    pg_database_size(current_database()) AS database_bytes,
    wal_bytes() AS wal_bytes
FROM site
CROSS JOIN (SELECT count(*) AS loads, coalesce(sum(rejected), 0) AS rejected FROM load_batch) AS done
CROSS JOIN (SELECT count(*) AS loads, coalesce(sum(rejected), 0) AS rejected FROM failed_load) AS failed
CROSS JOIN (SELECT min(looked_at) AS looked_at, sum(waiting_files) AS waiting_files FROM watched_folder) AS watched
LEFT JOIN (
    SELECT loaded_at, load_seconds FROM load_batch WHERE unloaded_at IS NULL ORDER BY batch_id DESC LIMIT 1
) AS last_batch ON true
