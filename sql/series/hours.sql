-- Per observed hour: the energy, in the figures of a series.
-- params: those of the source
-- returns: member text, position timestamp, class int4, start timestamptz, end timestamptz, energy_kwh numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8
SELECT
    member,
    -- The second of two hours that the clock shows alike lies behind the first.
    hour::timestamp
    + CASE WHEN hour > earliest_instant(hour::timestamp, site.timezone) THEN interval '1 microsecond' ELSE '0' END
        AS position,
    0 AS class,
    hour AS start,
    hour + interval '1 hour' AS "end",
    energy_kwh,
    energy_kwh AS peak_kw,
    hour AS peak_at,
    (energy_kwh > 0)::int::int8 AS active_hours,
    1::int8 AS observed_hours,
    1::int8 AS hours
FROM hours
CROSS JOIN site
