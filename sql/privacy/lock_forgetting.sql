-- Waits until no load is under way, and keeps others from beginning until the transaction ends.
-- params:
-- returns: pg_advisory_xact_lock void
SELECT pg_advisory_xact_lock(7302156)
