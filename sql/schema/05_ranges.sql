-- What lies between two instants, both inclusive and each optional. Postgres inlines these functions into the queries.

-- The days on the site's clock that the instants lie on.
CREATE FUNCTION outermost_days(start_date timestamptz, end_date timestamptz)
RETURNS TABLE (first_day date, last_day date)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        coalesce(($1 AT TIME ZONE site.timezone)::date, '-infinity'),
        coalesce(($2 AT TIME ZONE site.timezone)::date, 'infinity')
    FROM site;
END;

-- The hours of a measure, all locations together.
CREATE FUNCTION hours_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (hour timestamptz, energy_kwh numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT totals.hour, energy_kwh(totals, $1)
    FROM hourly_totals AS totals
    WHERE totals.hour >= coalesce($2, '-infinity') AND totals.hour <= coalesce($3, 'infinity');
END;

-- The first and the last day of a range, where it cuts them: added up again from their hours inside the range.
CREATE FUNCTION cut_days(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (
    day date,
    energy_kwh numeric,
    observed_hours bigint,
    active_hours bigint,
    peak_hour_kwh numeric,
    peak_hour timestamptz,
    first_hour timestamptz,
    last_hour timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        whole.day,
        sum(hourly.energy_kwh),
        count(*),
        count(*) FILTER (WHERE hourly.energy_kwh > 0),
        max(hourly.energy_kwh),
        (array_agg(hourly.hour ORDER BY hourly.energy_kwh DESC, hourly.hour))[1],
        min(hourly.hour),
        max(hourly.hour)
    FROM daily_totals AS whole
    CROSS JOIN LATERAL (
        SELECT totals.hour, energy_kwh(totals, $1) AS energy_kwh
        FROM hourly_totals AS totals
        WHERE totals.hour BETWEEN greatest(whole.first_hour, $2) AND least(whole.last_hour, $3)
    ) AS hourly
    WHERE whole.measure = $1
        AND whole.day IN (
            (SELECT first_day FROM outermost_days($2, $3)),
            (SELECT last_day FROM outermost_days($2, $3))
        )
        AND (whole.first_hour < $2 OR whole.last_hour > $3)
    GROUP BY whole.day;
END;

-- The days of a measure. Whole days come from daily_totals.
CREATE FUNCTION days_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (
    day date,
    energy_kwh numeric,
    observed_hours bigint,
    active_hours bigint,
    peak_hour_kwh numeric,
    peak_hour timestamptz,
    first_hour timestamptz,
    last_hour timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        whole.day, whole.energy_kwh, whole.observed_hours, whole.active_hours, whole.peak_hour_kwh, whole.peak_hour,
        whole.first_hour, whole.last_hour
    FROM daily_totals AS whole
    WHERE whole.measure = $1
        AND whole.day BETWEEN (SELECT first_day FROM outermost_days($2, $3))
            AND (SELECT last_day FROM outermost_days($2, $3))
        AND whole.first_hour >= coalesce($2, '-infinity')
        AND whole.last_hour <= coalesce($3, 'infinity')
    UNION ALL
    SELECT cut.* FROM cut_days($1, $2, $3) AS cut;
END;

-- The range in as few parts as can be: whole months of the closed part, whole days outside these, and the days that it
-- cuts. For totals, means and peaks over any length of time.
CREATE FUNCTION periods_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (
    days bigint,
    energy_kwh numeric,
    observed_hours bigint,
    active_hours bigint,
    peak_day_kwh numeric,
    peak_hour_kwh numeric
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH outermost AS (
        SELECT first_day, last_day FROM outermost_days($2, $3)
    ),

    months AS (
        SELECT monthly.*
        FROM monthly_closed AS monthly
        WHERE monthly.measure = $1
            AND monthly.month BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day FROM outermost)
            AND monthly.first_hour >= coalesce($2, '-infinity')
            AND monthly.last_hour <= coalesce($3, 'infinity')
    ),

    outside AS (
        SELECT
            coalesce(min(months.month) - 1, 'infinity') AS last_day_before,
            coalesce((max(months.month) + interval '1 month')::date, 'infinity') AS first_day_after
        FROM months
    )

    SELECT
        months.days, months.energy_kwh, months.observed_hours, months.active_hours, months.peak_day_kwh,
        months.peak_hour_kwh
    FROM months
    UNION ALL
    SELECT
        1::bigint, whole.energy_kwh, whole.observed_hours, whole.active_hours, whole.energy_kwh AS peak_day_kwh,
        whole.peak_hour_kwh
    FROM (
        SELECT * FROM daily_closed WHERE day <= (SELECT last_day_before FROM outside)
        UNION ALL
        SELECT * FROM daily_closed WHERE day >= (SELECT first_day_after FROM outside)
        UNION ALL
        SELECT * FROM daily_recent
    ) AS whole
    WHERE whole.measure = $1
        AND whole.day BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day FROM outermost)
        AND whole.first_hour >= coalesce($2, '-infinity')
        AND whole.last_hour <= coalesce($3, 'infinity')
    UNION ALL
    SELECT
        1::bigint, cut.energy_kwh, cut.observed_hours, cut.active_hours, cut.energy_kwh AS peak_day_kwh,
        cut.peak_hour_kwh
    FROM cut_days($1, $2, $3) AS cut;
END;

-- From seven days before the latest hour, on the site's clock, to that hour: up to eight calendar days. With an end, the
-- latest hour is the last one up to it.
CREATE FUNCTION last_7_days(end_date timestamptz)
RETURNS TABLE (start_date timestamptz, end_date timestamptz, first_day date, last_day date, timezone text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT latest.start_date, latest.end_date, latest.first_day, latest.last_day, latest.timezone
    FROM (
        SELECT
            earliest_instant(observed.local_hour - interval '7 days', observed.timezone) AS start_date,
            observed.hour AS end_date,
            (observed.local_hour - interval '7 days')::date AS first_day,
            observed.local_hour::date AS last_day,
            observed.timezone
        FROM (
            SELECT last.hour, last.hour AT TIME ZONE site.timezone AS local_hour, site.timezone
            FROM site
            CROSS JOIN LATERAL (
                SELECT max(totals.hour) AS hour
                FROM hourly_totals AS totals
                WHERE totals.hour <= coalesce($1, site.latest_hour)
            ) AS last
            WHERE last.hour IS NOT NULL
        ) AS observed
        -- So that the start is computed once, and not for each day that it is compared with.
        OFFSET 0
    ) AS latest;
END;

-- How many hours begin inside a period, counted from its beginning, and inside a range of which either end may be open.
-- The period ends before its end; the range is inclusive.
CREATE FUNCTION hours_between(begins timestamptz, ends timestamptz, start_date timestamptz, end_date timestamptz)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT greatest(
        least(
            floor(extract(EPOCH FROM $2 - $1) / 3600) - 1,
            floor(extract(EPOCH FROM coalesce($4, $2) - $1) / 3600)
        )
        - greatest(ceil(extract(EPOCH FROM coalesce($3, $1) - $1) / 3600), 0) + 1,
        0
    )::bigint;
END;
