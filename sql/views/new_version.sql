-- Counts the data version up and tells whoever listens, at commit.
-- params:
-- returns: data_version int8
WITH moved AS (
    UPDATE site SET data_version = data_version + 1, changed_at = now() RETURNING data_version
)
SELECT moved.data_version
FROM moved
CROSS JOIN LATERAL pg_notify('evload_data_version', moved.data_version::text)
