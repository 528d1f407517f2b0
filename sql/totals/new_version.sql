-- Draws the next data version, counts rows and sessions on, and tells whoever listens, at commit.
-- params: more_rows int8, more_sessions int8, refresh_seconds float8
-- returns: data_version int8
WITH moved AS (
    UPDATE site SET
        data_version = data_version + 1,
        data_version_id = gen_random_uuid(),
        changed_at = clock_timestamp(),
        stored_rows = stored_rows + $1::int8,
        stored_sessions = stored_sessions + $2::int8,
        refresh_seconds = $3::float8
    RETURNING data_version
)

SELECT moved.data_version
FROM moved
CROSS JOIN LATERAL pg_notify('evload_data_version', moved.data_version::text)
