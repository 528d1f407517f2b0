-- Revokes the token of a name, and tells whoever listens, at commit. No row means that there is none.
-- params: name text
-- returns: name text
WITH revoked AS (
    UPDATE token SET revoked_at = clock_timestamp()
    WHERE name = $1::text AND revoked_at IS NULL
    RETURNING name
)

SELECT revoked.name
FROM revoked
CROSS JOIN LATERAL pg_notify('evload_data_version', 'token')
