-- Brings the recent part of both views up to date, without blocking a reader. The days follow from the hours.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_recent;
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_recent;
