-- Stores a new token, unless one of its name holds, and tells whoever listens, at commit. It ends with a day on the site's clock.
-- params: sha256 bytea, name text, role text, user_id text[], location_id text[], last_day date
-- returns: expires_at timestamptz
WITH created AS (
    INSERT INTO token (sha256, name, role, user_id, location_id, expires_at)
    SELECT $1::bytea, $2::text, $3::text, $4::text[], $5::text[], earliest_instant($6::date + 1, site.timezone)
    FROM site
    ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
    RETURNING expires_at
)

SELECT created.expires_at
FROM created
CROSS JOIN LATERAL pg_notify('evload_data_version', 'token')
