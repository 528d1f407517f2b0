-- The tokens that let requests in. Of each only the SHA-256 is kept. One that was revoked or has expired stays, as from the
-- first token on nobody is let in without one.
CREATE TABLE token (
    sha256 bytea CONSTRAINT token_pkey PRIMARY KEY,
    name text NOT NULL,
    role text COLLATE "C" NOT NULL CONSTRAINT token_role_is_known CHECK (role IN ('public', 'reader')),
    -- The users and the locations that it is restricted to. Null: to none.
    user_id text[],
    location_id text[],
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at IS NULL;
