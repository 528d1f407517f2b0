-- Per hour of the day, on the site's clock: the energy, the peak hour, and how much was observed.
-- params: those of the source
-- returns: member text, position timestamp, class int4, start timestamptz, end timestamptz, energy_kwh numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8
WITH calendar AS (
    SELECT extract(hour FROM hour::timestamp)::int4 AS class, count(*) AS hours
    FROM generate_series((SELECT min(hour) FROM hours), (SELECT max(hour) FROM hours), interval '1 hour') AS hour
    GROUP BY 1
)

SELECT
    observed.member,
    '-infinity'::timestamp AS position,
    observed.class,
    NULL::timestamptz AS start,
    NULL::timestamptz AS "end",
    observed.energy_kwh,
    observed.peak_kw,
    observed.peak_at,
    observed.active_hours,
    observed.observed_hours,
    greatest(calendar.hours, observed.observed_hours) AS hours
FROM (
    SELECT
        member,
        extract(hour FROM hour::timestamp)::int4 AS class,
        sum(energy_kwh) AS energy_kwh,
        max(energy_kwh) AS peak_kw,
        (array_agg(hour ORDER BY energy_kwh DESC, hour))[1] AS peak_at,
        count(*) FILTER (WHERE energy_kwh > 0) AS active_hours,
        count(*) AS observed_hours
    FROM hours
    GROUP BY 1, 2
) AS observed
JOIN calendar ON calendar.class = observed.class
