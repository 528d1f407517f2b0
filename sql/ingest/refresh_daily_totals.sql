-- Brings the daily totals up to date without blocking a reader; the hourly totals go first.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY daily_totals
