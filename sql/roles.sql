-- The three roles of evload on a Postgres server of your own. Run it once in evload's database, as a superuser or as who may make
-- roles and owns the database: psql -d evload -f roles.sql. Then give the two that log in their passwords.
--     evload_owner    owns the tables and views. Nobody logs in as it.
--     evload_loader   migrates, loads and refreshes: for evload migrate, load, watch, unload, drop, refresh. It becomes the owner at
--                     once, as only that may build the keys of a first load anew and refresh views.
--     evload_reader   may read and nothing else: for evload serve, status, batches.
-- params:
-- returns:
CREATE ROLE evload_owner NOLOGIN;
CREATE ROLE evload_loader LOGIN IN ROLE evload_owner;
CREATE ROLE evload_reader LOGIN;
ALTER ROLE evload_loader SET role = 'evload_owner';
GRANT CREATE, USAGE ON SCHEMA public TO evload_owner;
GRANT USAGE ON SCHEMA public TO evload_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO evload_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE evload_owner IN SCHEMA public GRANT SELECT ON TABLES TO evload_reader;
