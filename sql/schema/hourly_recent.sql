-- The hours from site.recent_since on. Small, so that a daily load costs what a day costs.
-- kind: materialized view
SELECT hour, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
FROM hourly_sum
CROSS JOIN site
WHERE hour >= site.recent_since
