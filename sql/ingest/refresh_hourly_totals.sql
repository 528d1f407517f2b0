-- Brings the hourly totals up to date without blocking a reader.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_totals
