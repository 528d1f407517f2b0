-- Notes users with their locations, so that nobody has to look through the rows for them.
-- params: user_ids text[], location_ids text[]
-- returns:
INSERT INTO user_location (user_id, location_id)
SELECT user_id, location_id FROM unnest($1::text[], $2::text[]) AS noted (user_id, location_id)
WHERE user_id <> ''
ON CONFLICT DO NOTHING
