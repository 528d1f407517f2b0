-- Per observed hour: the energy of each measure, all users together. An hour of filler rows alone was observed and is 0.
-- kind: materialized view
SELECT
    date_from AS hour,
    coalesce(sum(synthetic_3_6_kwh), 0) AS synthetic_3_6_kwh,
    coalesce(sum(synthetic_7_2_kwh), 0) AS synthetic_7_2_kwh,
    coalesce(sum(flex_3_6_kwh), 0) AS flex_3_6_kwh,
    coalesce(sum(flex_7_2_kwh), 0) AS flex_7_2_kwh
FROM hourly_load
GROUP BY date_from
