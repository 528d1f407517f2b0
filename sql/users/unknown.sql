-- Which of some users, at some locations if these are given, and which of these have no rows, and the data version that this
-- belongs to.
-- params: user_id text[], location_id text[]
-- returns: data_version int8, data_version_id uuid, user_id text[], location_id text[]
SELECT
    site.data_version,
    site.data_version_id,
    ARRAY(
        SELECT asked.user_id FROM unnest($1::text[]) AS asked (user_id)
        WHERE NOT EXISTS (
            SELECT FROM user_location AS known
            WHERE known.user_id = asked.user_id AND ($2::text[] IS NULL OR known.location_id = ANY($2::text[]))
        )
    ) AS user_id,
    ARRAY(
        SELECT asked.location_id FROM unnest($2::text[]) AS asked (location_id)
        WHERE NOT EXISTS (SELECT FROM hourly_sum AS known WHERE known.location_id = asked.location_id)
    ) AS location_id
FROM site
