-- What the database holds, for `evload status`.
-- params:
-- returns: postgres text, timezone text, data_version int8, changed_at timestamptz, stored_rows int8, stored_sessions int8,
--     users int8, first_hour timestamp, last_hour timestamp, last_file text, last_loaded_at timestamptz,
--     is_sample bool, failed_loads int8, database_bytes int8,
--     wal_bytes int8, watched_folders text, workers text
SELECT
    current_setting('server_version') AS postgres,
    site.timezone,
    site.data_version,
    site.changed_at,
    site.stored_rows,
    site.stored_sessions,
    (SELECT count(DISTINCT user_id) FROM user_location) AS users,
    (SELECT min(hour) FROM hourly_totals) AT TIME ZONE site.timezone AS first_hour,
    (SELECT max(hour) FROM hourly_totals) AT TIME ZONE site.timezone AS last_hour,
    last_batch.file_name AS last_file,
    last_batch.loaded_at AS last_loaded_at,
    coalesce(last_batch.is_sample, false) AS is_sample,
    (SELECT count(*) FROM failed_load) AS failed_loads,
    pg_database_size(current_database()) AS database_bytes,
    wal_bytes() AS wal_bytes,
    (
        SELECT
            string_agg(
                format(
                    '%s, last looked at %s, %s files waiting',
                    name,
                    to_char(looked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
                    waiting_files
                ),
                '; '
                ORDER BY name
            )
        FROM watched_folder
    ) AS watched_folders,
    (
        SELECT string_agg(application_name, '; ')
        FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'evload serve, %'
    ) AS workers
FROM site
LEFT JOIN (
    SELECT file_name, loaded_at, is_sample FROM load_batch WHERE unloaded_at IS NULL ORDER BY batch_id DESC LIMIT 1
) AS last_batch ON true
