-- The first and the last day of a range between two instants, both inclusive, where it cuts them: added up again from
-- their hours inside the range.
-- kind: function
CREATE FUNCTION cut_days(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (day date, energy_kwh numeric, active_hours bigint, peak_hour_kwh numeric, peak_hour timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH outermost AS (
        SELECT
            coalesce(($2 AT TIME ZONE site.timezone)::date, '-infinity') AS first_day,
            coalesce(($3 AT TIME ZONE site.timezone)::date, 'infinity') AS last_day
        FROM site
    )
    SELECT
        cut.day,
        sum(hourly.energy_kwh),
        count(*) FILTER (WHERE hourly.energy_kwh > 0),
        max(hourly.energy_kwh),
        (array_agg(hourly.hour ORDER BY hourly.energy_kwh DESC, hourly.hour))[1]
    FROM daily_totals AS cut
    CROSS JOIN LATERAL (
        SELECT
            totals.hour,
            CASE $1
                WHEN 'synthetic_3_6_kwh' THEN totals.synthetic_3_6_kwh
                WHEN 'synthetic_7_2_kwh' THEN totals.synthetic_7_2_kwh
                WHEN 'flex_3_6_kwh' THEN totals.flex_3_6_kwh
                WHEN 'flex_7_2_kwh' THEN totals.flex_7_2_kwh
            END AS energy_kwh
        FROM hourly_totals AS totals
        WHERE totals.hour BETWEEN greatest(cut.first_hour, $2) AND least(cut.last_hour, $3)
    ) AS hourly
    WHERE cut.measure = $1
        AND cut.day IN ((SELECT first_day FROM outermost), (SELECT last_day FROM outermost))
        AND (cut.first_hour < $2 OR cut.last_hour > $3)
    GROUP BY cut.day
$$
