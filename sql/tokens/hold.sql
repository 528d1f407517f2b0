-- Whether any token lets a request in now.
-- params:
-- returns: is_held bool
SELECT EXISTS (
    SELECT FROM token WHERE revoked_at IS NULL AND coalesce(expires_at, 'infinity') > clock_timestamp()
) AS is_held
