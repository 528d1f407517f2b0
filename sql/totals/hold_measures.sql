-- Notes measures that rows changed by hand have values of.
-- params:
-- returns:
UPDATE measure SET is_held = true
FROM (
    VALUES
    ('synthetic_3_6_kwh', EXISTS (SELECT FROM hourly_load WHERE synthetic_3_6_kwh IS NOT NULL)),
    ('synthetic_7_2_kwh', EXISTS (SELECT FROM hourly_load WHERE synthetic_7_2_kwh IS NOT NULL)),
    ('flex_3_6_kwh', EXISTS (SELECT FROM hourly_load WHERE flex_3_6_kwh IS NOT NULL)),
    ('flex_7_2_kwh', EXISTS (SELECT FROM hourly_load WHERE flex_7_2_kwh IS NOT NULL)),
    ('metered_kwh', EXISTS (SELECT FROM hourly_load WHERE metered_kwh IS NOT NULL))
) AS stored (measure, has_values)
WHERE measure.measure = stored.measure AND stored.has_values AND NOT measure.is_held
