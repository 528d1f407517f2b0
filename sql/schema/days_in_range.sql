-- The days of a measure between two instants, both inclusive. Whole days come from daily_totals.
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
    SELECT cut.day, cut.energy_kwh, cut.active_hours, cut.peak_hour_kwh, cut.peak_hour
    FROM cut_days($1, $2, $3) AS cut
$$
