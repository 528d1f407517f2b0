-- Whether the database is the coordinator of a Citus cluster.
-- params:
-- returns: has_citus bool
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS has_citus
