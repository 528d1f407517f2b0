-- Whether a user has rows at all, at some locations if these are given, and the data version that this belongs to.
-- params: user_id text, location_id text[]
-- returns: data_version int8, data_version_id uuid, user_exists bool
SELECT
    data_version,
    data_version_id,
    EXISTS (
        SELECT FROM user_location WHERE user_id = $1::text AND ($2::text[] IS NULL OR location_id = ANY($2::text[]))
    ) AS user_exists
FROM site
