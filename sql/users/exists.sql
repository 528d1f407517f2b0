-- Whether a user has rows at all, and the data version that this belongs to.
-- params: user_id text
-- returns: data_version int8, data_version_id uuid, user_exists bool
SELECT
    data_version,
    data_version_id,
    EXISTS (SELECT FROM user_location WHERE user_id = $1::text) AS user_exists
FROM site
