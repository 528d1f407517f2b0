-- Adds the rows of the touched hours up again. An hour of filler rows alone was observed and is 0.
-- params:
-- returns:
INSERT INTO hourly_sum (
    hour, location_id, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
)
SELECT
    date_from,
    location_id,
    coalesce(sum(synthetic_3_6_kwh), 0),
    coalesce(sum(synthetic_7_2_kwh), 0),
    coalesce(sum(flex_3_6_kwh), 0),
    coalesce(sum(flex_7_2_kwh), 0),
    coalesce(sum(metered_kwh), 0)
FROM hourly_load
WHERE date_from IN (SELECT hour FROM touched_hour)
GROUP BY date_from, location_id
