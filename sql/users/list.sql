-- Every user that has rows, or those of some users and locations.
-- params: user_id text[], location_id text[]
-- returns: user_id text
SELECT DISTINCT user_id
FROM user_location
WHERE ($1::text[] IS NULL OR user_id = ANY($1::text[]))
    AND ($2::text[] IS NULL OR location_id = ANY($2::text[]))
ORDER BY user_id
