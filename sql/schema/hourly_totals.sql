-- Per observed hour: the energy of each measure, all users together. An hour of filler rows alone was observed and is 0.
-- kind: view
SELECT hour, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh FROM hourly_closed
UNION ALL
SELECT hour, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh FROM hourly_recent
