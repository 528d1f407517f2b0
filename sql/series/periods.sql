-- Per day, week, month, quarter, year, or of the whole range: the energy, the peak hour, and how much was observed.
-- params: those of the source, by text
-- returns: member text, position timestamp, class int4, start timestamptz, end timestamptz, energy_kwh numeric,
--     peak_kw numeric, peak_at timestamptz, active_hours int8, observed_hours int8, hours int8
WITH periods_of_days AS (
    SELECT
        member,
        CASE WHEN $6::text <> 'total' THEN date_trunc($6::text, day::timestamp) END AS start,
        sum(energy_kwh) AS energy_kwh,
        max(peak_hour_kwh) AS peak_kw,
        (array_agg(peak_hour ORDER BY peak_hour_kwh DESC, peak_hour))[1] AS peak_at,
        sum(active_hours)::int8 AS active_hours,
        sum(observed_hours)::int8 AS observed_hours,
        min(first_hour) AS first_hour,
        max(last_hour) AS last_hour
    FROM days
    GROUP BY 1, 2
),

-- The whole range begins and ends where it is asked to, or else with what was observed. MATERIALIZED, so that an instant is
-- found once, and not for each comparison with it.
bounded AS MATERIALIZED (
    SELECT
        of_days.*,
        coalesce(earliest_instant(of_days.start, site.timezone), $2::timestamptz, of_days.first_hour) AS begins,
        of_days.start + one.period AS next_start,
        site.timezone,
        CASE
            WHEN of_days.start IS NOT NULL
                THEN earliest_instant(of_days.start + one.period, site.timezone)
            ELSE coalesce($3::timestamptz + interval '1 microsecond', of_days.last_hour + interval '1 hour')
        END AS ends
    FROM periods_of_days AS of_days
    CROSS JOIN site
    CROSS JOIN (
        SELECT
            CASE $6::text
                WHEN 'day' THEN interval '1 day'
                WHEN 'week' THEN interval '7 days'
                WHEN 'month' THEN interval '1 month'
                WHEN 'quarter' THEN interval '3 months'
                WHEN 'year' THEN interval '1 year'
            END AS period
    ) AS one
)

SELECT
    member,
    coalesce(bounded.start, '-infinity') AS position,
    0 AS class,
    begins AS start,
    ends AS "end",
    energy_kwh,
    peak_kw,
    peak_at,
    active_hours,
    observed_hours,
    calendar.hours
FROM bounded
CROSS JOIN LATERAL (
    SELECT
        hours_between(
            begins,
            -- Of the whole range an hour may begin up to its end.
            CASE WHEN $6::text = 'total' THEN ends + interval '1 hour' ELSE ends END,
            first_hour,
            $2::timestamptz,
            CASE WHEN $6::text = 'total' THEN ends - interval '1 microsecond' ELSE $3::timestamptz END
        )
        -- A clock set back over midnight shows hours of the period before, and of this one when the next has begun.
        - hours_back(begins, bounded.start, timezone, first_hour, $2::timestamptz, $3::timestamptz)
        + hours_back(ends, next_start, timezone, first_hour, $2::timestamptz, $3::timestamptz) AS hours
) AS calendar
