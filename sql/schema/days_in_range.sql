-- The days of a measure between two instants, both inclusive. Whole days come from daily_totals;
-- a day that the range cuts, the first or the last, is added up again from its hours inside the range.
-- kind: function
CREATE FUNCTION days_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (day date, energy_kwh numeric, active_hours bigint, peak_hour_kwh numeric, peak_hour timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH outermost AS (
        SELECT
            coalesce(($2 AT TIME ZONE site.timezone)::date, '-infinity') AS first_day,
            coalesce(($3 AT TIME ZONE site.timezone)::date, 'infinity') AS last_day
        FROM site
    )
    SELECT whole.day, whole.energy_kwh, whole.active_hours, whole.peak_hour_kwh, whole.peak_hour
    FROM daily_totals AS whole
    WHERE whole.measure = $1
        AND whole.day BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day FROM outermost)
        AND whole.first_hour >= coalesce($2, '-infinity')
        AND whole.last_hour <= coalesce($3, 'infinity')
    UNION ALL
    SELECT
        cut.day,
        sum(hourly.energy_kwh),
        count(*) FILTER (WHERE hourly.energy_kwh > 0),
        max(hourly.energy_kwh),
        (array_agg(hourly.hour ORDER BY hourly.energy_kwh DESC, hourly.hour))[1]
    FROM daily_totals AS cut
    JOIN hourly_energy AS hourly
        ON hourly.measure = $1
        AND hourly.hour BETWEEN greatest(cut.first_hour, $2) AND least(cut.last_hour, $3)
    WHERE cut.measure = $1
        AND cut.day IN ((SELECT first_day FROM outermost), (SELECT last_day FROM outermost))
        AND (cut.first_hour < $2 OR cut.last_hour > $3)
    GROUP BY cut.day
$$
