-- What monitoring wants to know of the database.
-- params:
-- returns: data_version int8, stored_rows int8, changed_at timestamptz, refresh_seconds float8, loaded_at timestamptz, load_seconds float8
SELECT
    site.data_version,
    site.stored_rows,
    site.changed_at,
    site.refresh_seconds,
    last_batch.loaded_at,
    last_batch.load_seconds
FROM site
LEFT JOIN (SELECT loaded_at, load_seconds FROM load_batch ORDER BY batch_id DESC LIMIT 1) AS last_batch ON true
