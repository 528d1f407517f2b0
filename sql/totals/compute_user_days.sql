-- Adds the rows of the changed users and days up again, on the site's clock: one short read of the key for each of them.
-- params:
-- returns:
INSERT INTO user_day (
    day, user_id, hours, sessions_begun, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
)
SELECT touched.day, touched.user_id, sums.*
FROM touched_user_day AS touched
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT date_from) FILTER (WHERE is_today),
        count(DISTINCT session_id) - count(DISTINCT session_id) FILTER (WHERE NOT is_today),
        coalesce(sum(synthetic_3_6_kwh) FILTER (WHERE is_today), 0),
        coalesce(sum(synthetic_7_2_kwh) FILTER (WHERE is_today), 0),
        coalesce(sum(flex_3_6_kwh) FILTER (WHERE is_today), 0),
        coalesce(sum(flex_7_2_kwh) FILTER (WHERE is_today), 0)
    FROM (
        -- A little more than the two days, as clocks are set back at midnight too in places.
        SELECT *, date_from::date = touched.day AS is_today
        FROM hourly_load
        WHERE user_id = touched.user_id
            AND date_from >= (touched.day - 1)::timestamptz - interval '3 hours'
            AND date_from < (touched.day + 1)::timestamptz + interval '3 hours'
    ) AS stored
    WHERE date_from::date BETWEEN touched.day - 1 AND touched.day
    HAVING bool_or(is_today)
) AS sums
