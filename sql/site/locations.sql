-- Every location that rows name, or those of some users and locations; the empty one stands for rows that name none.
-- params: user_id text[], location_id text[]
-- returns: location_id text
SELECT DISTINCT location_id
FROM user_location
WHERE ($1::text[] IS NULL OR user_id = ANY($1::text[]))
    AND ($2::text[] IS NULL OR location_id = ANY($2::text[]))
ORDER BY location_id
