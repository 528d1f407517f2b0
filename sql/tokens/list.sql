-- Every token that there ever was, the oldest first, without its SHA-256.
-- params:
-- returns: name text, role text, user_id text[], location_id text[], created_at timestamptz, expires_at timestamptz,
--     revoked_at timestamptz
SELECT name, role, user_id, location_id, created_at, expires_at, revoked_at
FROM token
ORDER BY created_at, name
