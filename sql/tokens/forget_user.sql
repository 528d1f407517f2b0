-- Takes a user out of the tokens that are for some: one that is left with none lets nobody see anything.
-- params: user_id text
-- returns:
UPDATE token SET
    user_id = array_remove(user_id, $1::text),
    name = CASE WHEN name = $1::text THEN 'of a forgotten user ' || left(encode(sha256, 'hex'), 8) ELSE name END
WHERE user_id @> ARRAY[$1::text] OR name = $1::text
