-- Fills all views, also those that a restore left without data. Readers wait meanwhile: there is no other way to fill these.
-- params:
-- returns:
REFRESH MATERIALIZED VIEW hourly_closed;
REFRESH MATERIALIZED VIEW hourly_recent;
REFRESH MATERIALIZED VIEW daily_closed;
REFRESH MATERIALIZED VIEW daily_recent;
REFRESH MATERIALIZED VIEW monthly_closed;
