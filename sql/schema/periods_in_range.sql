-- What lies between two instants, both inclusive, in as few parts as can be: whole months of the closed part, whole days
-- outside these, and the days that the range cuts. For totals, means and peaks over any length of time.
-- kind: function
CREATE FUNCTION periods_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (days bigint, energy_kwh numeric, active_hours bigint, peak_day_kwh numeric, peak_hour_kwh numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH outermost AS (
        SELECT
            coalesce(($2 AT TIME ZONE site.timezone)::date, '-infinity') AS first_day,
            coalesce(($3 AT TIME ZONE site.timezone)::date, 'infinity') AS last_day
        FROM site
    ),
    months AS (
        SELECT monthly.month, monthly.days, monthly.energy_kwh, monthly.active_hours, monthly.peak_day_kwh,
            monthly.peak_hour_kwh
        FROM monthly_closed AS monthly
        WHERE monthly.measure = $1
            AND monthly.month BETWEEN (SELECT first_day FROM outermost) AND (SELECT last_day FROM outermost)
            AND monthly.first_hour >= coalesce($2, '-infinity')
            AND monthly.last_hour <= coalesce($3, 'infinity')
    ),
    outside AS (
        SELECT
            coalesce(min(month) - 1, 'infinity') AS last_day_before,
            coalesce((max(month) + interval '1 month')::date, 'infinity') AS first_day_after
        FROM months
    )
    SELECT days, energy_kwh, active_hours, peak_day_kwh, peak_hour_kwh
    FROM months
    UNION ALL
    SELECT 1::bigint, whole.energy_kwh, whole.active_hours, whole.energy_kwh, whole.peak_hour_kwh
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
    SELECT 1::bigint, cut.energy_kwh, cut.active_hours, cut.energy_kwh, cut.peak_hour_kwh
    FROM cut_days($1, $2, $3) AS cut
$$
