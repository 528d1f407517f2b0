-- Brings the closed part of the days, and the months, up to date with the hours, without blocking a reader.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_closed;
REFRESH MATERIALIZED VIEW CONCURRENTLY monthly_closed;
