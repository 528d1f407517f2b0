-- Notes by which key the users are pseudonyms that are loaded from now on; null: by none.
-- params: pseudonym_check text
-- returns:
UPDATE privacy SET pseudonym_check = $1::text WHERE pseudonym_check IS DISTINCT FROM $1::text
