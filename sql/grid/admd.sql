-- After-diversity maximum demand of n users: a + b / sqrt(n), through the known ends n = 1 and n = all users (Rusck).
-- params: those of the source, users int8[]
-- returns: users int8, kw_per_user numeric, kw numeric
WITH ends AS (
    SELECT
        (SELECT count(*) FROM user_peaks) AS all_users,
        (SELECT avg(peak_kwh) FROM user_peaks) AS of_one_kw,
        (SELECT max(peak_hour_kwh) FROM days) / nullif((SELECT count(*) FROM user_peaks), 0) AS of_all_kw
),

curve AS (
    SELECT
        all_users,
        of_one_kw,
        admd_slope(of_one_kw, of_all_kw, all_users) AS slope
    FROM ends
    WHERE all_users > 0
),

asked AS (
    SELECT DISTINCT n AS users
    FROM curve
    CROSS JOIN LATERAL unnest(
        coalesce(
            $6::int8[],
            ARRAY(
                SELECT step
                FROM unnest('{1,2,5,10,20,50,100,200,500,1000}'::int8[]) AS step
                WHERE step < curve.all_users
            ) || curve.all_users
        )
    ) AS n
)

SELECT
    asked.users,
    round(demand.kw / asked.users, 3) AS kw_per_user,
    round(demand.kw, 3) AS kw
FROM curve
CROSS JOIN asked
-- Beyond all users a curve whose a is negative would say that more users need less.
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN asked.users <= curve.all_users OR curve.of_one_kw >= curve.slope
                THEN asked.users * (curve.of_one_kw - curve.slope) + curve.slope * sqrt(asked.users::numeric)
        END AS kw
) AS demand
ORDER BY asked.users
