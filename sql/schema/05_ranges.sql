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

-- The observed days that a range may cut. A clock that is set back over midnight shows the day before once more, so a day
-- may have hours on either side of an instant that lies on the day before it or after it.
CREATE FUNCTION days_near_ends(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (day date, first_hour timestamptz, last_hour timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT daily.day, daily.first_hour, daily.last_hour
    FROM daily_totals AS daily
    WHERE daily.measure = $1
        AND daily.day = ANY(
            (
                SELECT ARRAY[first_day - 1, first_day, first_day + 1, last_day - 1, last_day, last_day + 1]
                FROM outermost_days($2, $3)
            )::date []
        );
END;

-- The days that a range cuts: added up again from their hours inside it.
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
        near.day,
        sum(hourly.energy_kwh),
        count(*),
        count(*) FILTER (WHERE hourly.energy_kwh > 0),
        max(hourly.energy_kwh),
        (array_agg(hourly.hour ORDER BY hourly.energy_kwh DESC, hourly.hour))[1],
        min(hourly.hour),
        max(hourly.hour)
    FROM site
    CROSS JOIN days_near_ends($1, $2, $3) AS near
    CROSS JOIN LATERAL (
        SELECT totals.hour, energy_kwh(totals, $1) AS energy_kwh
        FROM hourly_totals AS totals
        WHERE totals.hour BETWEEN greatest(near.first_hour, $2) AND least(near.last_hour, $3)
            AND (totals.hour AT TIME ZONE site.timezone)::date = near.day
    ) AS hourly
    WHERE (near.first_hour < $2 OR near.last_hour > $3)
        AND greatest(near.first_hour, $2) <= least(near.last_hour, $3)
    GROUP BY near.day;
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
    WITH outermost AS (
        SELECT first_day - 1 AS first_day, last_day + 1 AS last_day FROM outermost_days($2, $3)
    )

    SELECT
        daily.day, daily.energy_kwh, daily.observed_hours, daily.active_hours, daily.peak_hour_kwh, daily.peak_hour,
        daily.first_hour, daily.last_hour
    FROM daily_totals AS daily
    WHERE daily.measure = $1
        AND daily.day BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day FROM outermost)
        AND daily.first_hour >= coalesce($2, '-infinity')
        AND daily.last_hour <= coalesce($3, 'infinity')
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

    -- Not one that begins on the last day: the month before it may be cut after that day's first midnight.
    months AS (
        SELECT monthly.*
        FROM monthly_closed AS monthly
        WHERE monthly.measure = $1
            AND monthly.month BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day - 1 FROM outermost)
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
        1::bigint, daily.energy_kwh, daily.observed_hours, daily.active_hours, daily.energy_kwh AS peak_day_kwh,
        daily.peak_hour_kwh
    FROM (
        SELECT * FROM daily_closed WHERE day <= (SELECT last_day_before FROM outside)
        UNION ALL
        SELECT * FROM daily_closed WHERE day >= (SELECT first_day_after FROM outside)
        UNION ALL
        SELECT * FROM daily_recent
    ) AS daily
    WHERE daily.measure = $1
        AND daily.day BETWEEN (SELECT first_day - 1 FROM outermost) AND (SELECT last_day + 1 FROM outermost)
        AND daily.first_hour >= coalesce($2, '-infinity')
        AND daily.last_hour <= coalesce($3, 'infinity')
    UNION ALL
    SELECT
        1::bigint, cut.energy_kwh, cut.observed_hours, cut.active_hours, cut.energy_kwh AS peak_day_kwh,
        cut.peak_hour_kwh
    FROM cut_days($1, $2, $3) AS cut;
END;

-- For user_day, which does not know its hours: between these days, both inclusive, all hours lie inside the range. Open ends
-- reach beyond the observed days, so that a month of which all observed days are whole is whole. The search for the next day
-- begins a day inside the range, as clocks are set back over midnight in places.
CREATE FUNCTION whole_days(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (first_day date, last_day date)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT before.day + 1, after.day - 1
    FROM (
        SELECT coalesce(max(daily.day), '-infinity') AS day
        FROM daily_totals AS daily
        WHERE daily.measure = $1
            AND daily.day <= (SELECT first_day + 1 FROM outermost_days($2, $3))
            AND daily.first_hour < $2
    ) AS before
    CROSS JOIN (
        SELECT coalesce(min(daily.day), 'infinity') AS day
        FROM daily_totals AS daily
        WHERE daily.measure = $1
            AND daily.day >= (SELECT last_day - 1 FROM outermost_days($2, $3))
            AND daily.last_hour > $3
    ) AS after
    JOIN measure ON measure.measure = $1 AND measure.is_held;
END;

-- The other days that have hours inside the range: those between first_hour and last_hour that lie on the day.
CREATE FUNCTION days_at_ends(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (day date, first_hour timestamptz, last_hour timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT near.day, greatest(near.first_hour, $2), least(near.last_hour, $3)
    FROM days_near_ends($1, $2, $3) AS near
    CROSS JOIN whole_days($1, $2, $3) AS whole
    WHERE near.day NOT BETWEEN whole.first_day AND whole.last_day
        AND greatest(near.first_hour, $2) <= least(near.last_hour, $3);
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

-- How many hours, on the minute of an observed one, lie inside a period and begin inside a range of which either end may be
-- open. The period ends before its end; the range is inclusive.
CREATE FUNCTION hours_between(
    begins timestamptz, ends timestamptz, observed timestamptz, start_date timestamptz, end_date timestamptz
)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT greatest(
        least(
            ceil(extract(EPOCH FROM $1 - $3) / 3600) + floor(extract(EPOCH FROM $2 - $1) / 3600) - 1,
            floor(extract(EPOCH FROM $5 - $3) / 3600)
        )
        - greatest(ceil(extract(EPOCH FROM $1 - $3) / 3600), ceil(extract(EPOCH FROM $4 - $3) / 3600)) + 1,
        0
    )::bigint;
END;

-- How many hours of a range, on the minute of an observed one, come between two showings of a midnight, on the day before it.
CREATE FUNCTION count_hours_back(
    first_showing timestamptz, midnight timestamp, timezone text,
    observed timestamptz, start_date timestamptz, end_date timestamptz
)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM generate_series(
        $4 + ceil(extract(EPOCH FROM $1 - $4) / 3600) * interval '1 hour',
        $2 AT TIME ZONE $3 - interval '1 microsecond',
        interval '1 hour'
    ) AS hour
    WHERE hour AT TIME ZONE $3 < $2 AND hour BETWEEN coalesce($5, '-infinity') AND coalesce($6, 'infinity');
END;

-- The same, inlined, so that only a midnight that a clock shows twice costs more.
CREATE FUNCTION hours_back(
    first_showing timestamptz, midnight timestamp, timezone text,
    observed timestamptz, start_date timestamptz, end_date timestamptz
)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN $1 < $2 AT TIME ZONE $3 THEN count_hours_back($1, $2, $3, $4, $5, $6) ELSE 0 END;
END;
