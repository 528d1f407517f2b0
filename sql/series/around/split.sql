-- Around a series, inside a source of members: a row for each member and bucket. The hours and days that it gives to the
-- series are those of the members in which energy flowed, and, without a member, those that were observed at the site.
-- params: those of the source
-- returns: member text, position timestamp, class int4, start timestamptz, end timestamptz, energy_kwh numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8
WITH member_hours AS (
    SELECT member, hour, sum(energy_kwh) AS energy_kwh
    FROM stored
    GROUP BY member, hour
    HAVING sum(energy_kwh) > 0
),

hours AS (
    SELECT NULL AS member, hour, 0 AS energy_kwh
    FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz)
    UNION ALL
    SELECT member, hour, energy_kwh FROM member_hours
),

days AS (
    SELECT
        NULL AS member,
        day,
        0 AS energy_kwh,
        observed_hours,
        0 AS active_hours,
        0 AS peak_hour_kwh,
        first_hour AS peak_hour,
        first_hour,
        last_hour
    FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
    UNION ALL
    SELECT
        member,
        hour::date AS day,
        sum(energy_kwh) AS energy_kwh,
        0 AS observed_hours,
        count(*) AS active_hours,
        max(energy_kwh) AS peak_hour_kwh,
        (array_agg(hour ORDER BY energy_kwh DESC, hour))[1] AS peak_hour,
        min(hour) AS first_hour,
        max(hour) AS last_hour
    FROM member_hours
    GROUP BY member, hour::date
),

answered AS (
    --query--
),

-- MATERIALIZED, so that it is not looked for again for each member.
site AS MATERIALIZED (
    SELECT * FROM answered WHERE member IS NULL
)

SELECT
    members.member,
    site.position,
    site.class,
    site.start,
    site."end",
    coalesce(own.energy_kwh, 0) AS energy_kwh,
    coalesce(own.peak_kw, 0) AS peak_kw,
    coalesce(own.peak_at, site.peak_at) AS peak_at,
    coalesce(own.active_hours, 0) AS active_hours,
    site.observed_hours,
    site.hours
FROM site
CROSS JOIN members
LEFT JOIN answered AS own
    ON own.member = members.member AND own.position = site.position AND own.class = site.class
