-- The hourly totals with the measure as a column. A query that names one measure reads only its two branches.
-- kind: view
SELECT hour, 'synthetic_3_6_kwh'::text AS measure, synthetic_3_6_kwh AS energy_kwh, false AS is_recent FROM hourly_closed
UNION ALL
SELECT hour, 'synthetic_3_6_kwh'::text AS measure, synthetic_3_6_kwh AS energy_kwh, true AS is_recent FROM hourly_recent
UNION ALL
SELECT hour, 'synthetic_7_2_kwh'::text AS measure, synthetic_7_2_kwh AS energy_kwh, false AS is_recent FROM hourly_closed
UNION ALL
SELECT hour, 'synthetic_7_2_kwh'::text AS measure, synthetic_7_2_kwh AS energy_kwh, true AS is_recent FROM hourly_recent
UNION ALL
SELECT hour, 'flex_3_6_kwh'::text AS measure, flex_3_6_kwh AS energy_kwh, false AS is_recent FROM hourly_closed
UNION ALL
SELECT hour, 'flex_3_6_kwh'::text AS measure, flex_3_6_kwh AS energy_kwh, true AS is_recent FROM hourly_recent
UNION ALL
SELECT hour, 'flex_7_2_kwh'::text AS measure, flex_7_2_kwh AS energy_kwh, false AS is_recent FROM hourly_closed
UNION ALL
SELECT hour, 'flex_7_2_kwh'::text AS measure, flex_7_2_kwh AS energy_kwh, true AS is_recent FROM hourly_recent
