-- What is kept so that users stay away who are forgotten, and stay pseudonyms who are.

-- The one row of it: the random key of the hashes in forgotten_user, and which key the users are pseudonyms by, as a value
-- that only that key gives; null where users are stored by their own ids.
CREATE TABLE privacy (
    only_row boolean CONSTRAINT privacy_pkey PRIMARY KEY DEFAULT true CONSTRAINT privacy_one_row CHECK (only_row),
    forgotten_key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    pseudonym_check text
);

INSERT INTO privacy DEFAULT VALUES;

-- The users that every load leaves out, by the HMAC-SHA-256 of what they were stored as.
CREATE TABLE forgotten_user (
    id_hash bytea CONSTRAINT forgotten_user_pkey PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
