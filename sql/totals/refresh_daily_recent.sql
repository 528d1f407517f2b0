-- Brings the recent part of the days up to date with the hours, without blocking a reader.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_recent;
