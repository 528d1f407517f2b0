-- Adds the days of the touched users' months up again, and the months of their years.
-- params:
-- returns:
INSERT INTO user_period (
    period, start, user_id,
    synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh,
    peak_synthetic_3_6_kwh, peak_synthetic_7_2_kwh, peak_flex_3_6_kwh, peak_flex_7_2_kwh, peak_metered_kwh
)
SELECT 'month', touched.start, by_user.*
FROM (
    SELECT date_trunc('month', day)::date AS start, array_agg(DISTINCT user_id) AS users
    FROM touched_user_day
    GROUP BY 1
) AS touched
CROSS JOIN LATERAL (
    SELECT
        user_id,
        sum(synthetic_3_6_kwh),
        sum(synthetic_7_2_kwh),
        sum(flex_3_6_kwh),
        sum(flex_7_2_kwh),
        sum(metered_kwh),
        max(peak_synthetic_3_6_kwh),
        max(peak_synthetic_7_2_kwh),
        max(peak_flex_3_6_kwh),
        max(peak_flex_7_2_kwh),
        max(peak_metered_kwh)
    FROM user_day
    WHERE day >= touched.start
        AND day < (touched.start + interval '1 month')::date
        AND user_id = ANY(touched.users)
    GROUP BY user_id
) AS by_user;
INSERT INTO user_period (
    period, start, user_id,
    synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh,
    peak_synthetic_3_6_kwh, peak_synthetic_7_2_kwh, peak_flex_3_6_kwh, peak_flex_7_2_kwh, peak_metered_kwh
)
SELECT 'year', touched.start, by_user.*
FROM (
    SELECT date_trunc('year', day)::date AS start, array_agg(DISTINCT user_id) AS users
    FROM touched_user_day
    GROUP BY 1
) AS touched
CROSS JOIN LATERAL (
    SELECT
        user_id,
        sum(synthetic_3_6_kwh),
        sum(synthetic_7_2_kwh),
        sum(flex_3_6_kwh),
        sum(flex_7_2_kwh),
        sum(metered_kwh),
        max(peak_synthetic_3_6_kwh),
        max(peak_synthetic_7_2_kwh),
        max(peak_flex_3_6_kwh),
        max(peak_flex_7_2_kwh),
        max(peak_metered_kwh)
    FROM user_period
    WHERE period = 'month'
        AND start >= touched.start
        AND start < (touched.start + interval '1 year')::date
        AND user_id = ANY(touched.users)
    GROUP BY user_id
) AS by_user;
