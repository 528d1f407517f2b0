-- Every token that there ever was: what a worker must know to judge requests.
-- params:
-- returns: sha256 bytea, name text, role text, user_id text[], location_id text[], expires_at timestamptz, is_revoked bool
SELECT sha256, name, role, user_id, location_id, expires_at, revoked_at IS NOT NULL AS is_revoked
FROM token
ORDER BY sha256
