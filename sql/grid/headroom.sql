-- How much load a limit leaves, how often it was nearly and wholly used, and how many more users fit.
-- params: those of the source, limit numeric, base_kw numeric
-- returns: limit_kw numeric, peak_kw numeric, headroom_kw numeric, hours_above_80_percent int8, hours_above int8,
--     observed_hours int8, users int8, more_users_safe int8, more_users_expected int8
WITH loads AS (
    SELECT
        count(*) AS observed_hours,
        max(energy_kwh) AS peak_kw,
        count(*) FILTER (WHERE energy_kwh + $7::numeric > 0.8 * $6::numeric) AS hours_above_80_percent,
        count(*) FILTER (WHERE energy_kwh + $7::numeric > $6::numeric) AS hours_above
    FROM hours
    HAVING count(*) > 0
),

of_users AS (
    SELECT count(*) AS users, avg(peak_kwh) AS of_one_kw FROM user_peaks
),

-- n users need level * n + slope * sqrt(n), as in admd.sql.
curve AS (
    SELECT
        loads.*,
        of_users.users,
        $6::numeric - $7::numeric AS room_kw,
        of_users.of_one_kw - bend.slope AS level,
        bend.slope
    FROM loads
    CROSS JOIN of_users
    CROSS JOIN LATERAL (
        SELECT admd_slope(of_users.of_one_kw, loads.peak_kw / nullif(of_users.users, 0), of_users.users) AS slope
    ) AS bend
)

SELECT
    round($6::numeric, 3) AS limit_kw,
    peak_kw,
    round(room_kw - peak_kw, 3) AS headroom_kw,
    hours_above_80_percent,
    hours_above,
    observed_hours,
    users,
    CASE
        WHEN room_kw >= peak_kw THEN floor(users * room_kw / nullif(peak_kw, 0))::int8 - users
        ELSE 0
    END AS more_users_safe,
    CASE
        WHEN room_kw < peak_kw THEN 0
        WHEN level > 0
            THEN greatest(
                least(floor(((sqrt(slope ^ 2 + 4 * level * room_kw) - slope) / (2 * level)) ^ 2), 1e12)::int8 - users, 0
            )
    END AS more_users_expected
FROM curve
