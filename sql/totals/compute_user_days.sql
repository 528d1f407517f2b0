-- Adds the rows of the touched users' days up again, on the site's clock: each user's rows are read once, by the key.
-- A session begins with its first row on a day, if it has none on the day before.
-- params:
-- returns:
INSERT INTO user_day (
    day, user_id, hours, sessions_begun,
    synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh,
    peak_synthetic_3_6_kwh, peak_synthetic_7_2_kwh, peak_flex_3_6_kwh, peak_flex_7_2_kwh, peak_metered_kwh
)
SELECT touched.day, touched.user_id, by_day.hours, by_day.sessions_begun,
    by_day.synthetic_3_6_kwh,
    by_day.synthetic_7_2_kwh,
    by_day.flex_3_6_kwh,
    by_day.flex_7_2_kwh,
    by_day.metered_kwh,
    by_day.peak_synthetic_3_6_kwh,
    by_day.peak_synthetic_7_2_kwh,
    by_day.peak_flex_3_6_kwh,
    by_day.peak_flex_7_2_kwh,
    by_day.peak_metered_kwh
FROM (
    -- A little more than the days, as clocks are set back at midnight too in places.
    SELECT
        user_id,
        (min(day) - 1)::timestamptz - interval '3 hours' AS begins,
        (max(day) + 1)::timestamptz + interval '3 hours' AS ends
    FROM touched_user_day
    GROUP BY user_id
) AS span
CROSS JOIN LATERAL (
    WITH stored AS (
        SELECT
            (date_from AT TIME ZONE (SELECT timezone FROM site))::date AS day, date_from, session_id,
            synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
        FROM hourly_load
        WHERE user_id = span.user_id
            AND date_from >= span.begins
            AND date_from < span.ends
    ),

    by_hour AS (
        SELECT
            day,
            sum(synthetic_3_6_kwh) AS synthetic_3_6_kwh,
            sum(synthetic_7_2_kwh) AS synthetic_7_2_kwh,
            sum(flex_3_6_kwh) AS flex_3_6_kwh,
            sum(flex_7_2_kwh) AS flex_7_2_kwh,
            sum(metered_kwh) AS metered_kwh
        FROM stored
        GROUP BY day, date_from
    ),

    energies AS (
        SELECT
            day,
            count(*) AS hours,
            coalesce(sum(synthetic_3_6_kwh), 0) AS synthetic_3_6_kwh,
            coalesce(sum(synthetic_7_2_kwh), 0) AS synthetic_7_2_kwh,
            coalesce(sum(flex_3_6_kwh), 0) AS flex_3_6_kwh,
            coalesce(sum(flex_7_2_kwh), 0) AS flex_7_2_kwh,
            coalesce(sum(metered_kwh), 0) AS metered_kwh,
            coalesce(max(synthetic_3_6_kwh), 0) AS peak_synthetic_3_6_kwh,
            coalesce(max(synthetic_7_2_kwh), 0) AS peak_synthetic_7_2_kwh,
            coalesce(max(flex_3_6_kwh), 0) AS peak_flex_3_6_kwh,
            coalesce(max(flex_7_2_kwh), 0) AS peak_flex_7_2_kwh,
            coalesce(max(metered_kwh), 0) AS peak_metered_kwh
        FROM by_hour
        GROUP BY day
    ),

    sessions AS (
        SELECT day, coalesce(lag(day) OVER (PARTITION BY session_id ORDER BY day) <> day - 1, true) AS begins
        FROM (SELECT DISTINCT session_id, day FROM stored WHERE session_id <> 0) AS on_day
    )

    SELECT energies.*, coalesce(begun.sessions_begun, 0) AS sessions_begun
    FROM energies
    LEFT JOIN (
        SELECT day, count(*) FILTER (WHERE begins) AS sessions_begun FROM sessions GROUP BY day
    ) AS begun USING (day)
) AS by_day
JOIN touched_user_day AS touched ON touched.user_id = span.user_id AND touched.day = by_day.day
ORDER BY touched.day, touched.user_id
