-- Notes users, so that nobody has to look through the rows for them.
-- params: user_ids text[]
-- returns:
INSERT INTO users (user_id)
SELECT unnest($1::text[])
ON CONFLICT DO NOTHING
