-- The hours before site.recent_since. Refreshed only when a load reaches into them, or when a month closes.
-- kind: materialized view
SELECT hour, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
FROM hourly_sum
CROSS JOIN site
WHERE hour < site.recent_since
