-- Per weekday (1 is Monday) or month of the year: the energy, the peak hour, and how much was observed.
-- params: those of the source, by text
-- returns: member text, position timestamp, class int4, start timestamptz, end timestamptz, energy_kwh numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8
WITH span AS (
    SELECT min(day) AS first_day, max(day) AS last_day, min(first_hour) AS first_hour, max(last_hour) AS last_hour
    FROM days
),

-- MATERIALIZED, so that an instant is found once, and not for each comparison with it.
days_between AS MATERIALIZED (
    SELECT
        span.first_hour,
        span.last_hour,
        site.timezone,
        at,
        earliest_instant(at, site.timezone) AS begins,
        earliest_instant(at + interval '1 day', site.timezone) AS ends
    FROM span
    CROSS JOIN site
    CROSS JOIN LATERAL generate_series(span.first_day::timestamp, span.last_day::timestamp, interval '1 day') AS at
),

-- From the first to the last observed hour.
calendar AS (
    SELECT
        CASE
            WHEN $6::text = 'weekday' THEN extract(isodow FROM at)::int4
            ELSE extract(month FROM at)::int4
        END AS class,
        sum(
            hours_between(begins, ends, first_hour, first_hour, last_hour)
            -- A clock set back over midnight shows hours of the day before, and of this one when the next has begun.
            - hours_back(begins, at, timezone, first_hour, first_hour, last_hour)
            + hours_back(ends, at + interval '1 day', timezone, first_hour, first_hour, last_hour)
        )::int8 AS hours
    FROM days_between
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
    calendar.hours
FROM (
    SELECT
        member,
        CASE
            WHEN $6::text = 'weekday' THEN extract(isodow FROM day)::int4
            ELSE extract(month FROM day)::int4
        END AS class,
        sum(energy_kwh) AS energy_kwh,
        max(peak_hour_kwh) AS peak_kw,
        (array_agg(peak_hour ORDER BY peak_hour_kwh DESC, peak_hour))[1] AS peak_at,
        sum(active_hours)::int8 AS active_hours,
        sum(observed_hours)::int8 AS observed_hours
    FROM days
    GROUP BY 1, 2
) AS observed
JOIN calendar ON calendar.class = observed.class
