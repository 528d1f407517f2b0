-- Brings the closed part of the views up to date, without blocking a reader. Days follow from hours, months from days.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_closed;
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_closed;
REFRESH MATERIALIZED VIEW CONCURRENTLY monthly_closed;
