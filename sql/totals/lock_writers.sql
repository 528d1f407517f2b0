-- Waits until no other load or refresh is under way, and keeps the turn until the transaction ends.
-- params:
-- returns: pg_advisory_xact_lock void
SELECT pg_advisory_xact_lock(7302155)
