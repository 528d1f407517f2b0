-- Notes a forgotten user. Tells whether it was not noted before.
-- params: id_hash bytea
-- returns: id_hash bytea
INSERT INTO forgotten_user (id_hash) VALUES ($1::bytea) ON CONFLICT DO NOTHING RETURNING id_hash
