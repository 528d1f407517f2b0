-- Whether there are charging sessions at all, and the data version that this belongs to.
-- params:
-- returns: data_version int8, data_version_id uuid, sessions_exist bool
SELECT data_version, data_version_id, stored_sessions > 0 AS sessions_exist FROM site
