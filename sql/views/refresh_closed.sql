-- Brings the closed part of both views up to date, without blocking a reader. The days follow from the hours.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_closed;
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_closed;
