-- Waits until no other migration of this database is under way, and lets none begin until the transaction ends.
-- params:
-- returns: pg_advisory_xact_lock void
SELECT pg_advisory_xact_lock(7302154)
