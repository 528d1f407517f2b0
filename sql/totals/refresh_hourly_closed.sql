-- Brings the closed part of the hours up to date, without blocking a reader.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_closed;
