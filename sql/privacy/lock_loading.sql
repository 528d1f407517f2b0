-- Waits until nobody is being forgotten, and keeps that from beginning until the transaction ends.
-- params:
-- returns: pg_advisory_xact_lock_shared void
SELECT pg_advisory_xact_lock_shared(7302156)
