-- The days of a measure between two instants, both inclusive. Whole days come from daily_totals;
-- a day that the range cuts is added up again from its hours inside the range.
-- kind: function
CREATE FUNCTION days_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (day date, energy_kwh numeric, active_hours bigint, peak_hour_kwh numeric, peak_hour timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH touched AS (
        SELECT
            daily.*,
            ($2 IS NULL OR daily.first_hour >= $2) AND ($3 IS NULL OR daily.last_hour <= $3) AS is_whole
        FROM daily_totals AS daily
        WHERE daily.measure = $1
            AND ($2 IS NULL OR daily.last_hour >= $2)
            AND ($3 IS NULL OR daily.first_hour <= $3)
    )
    SELECT touched.day, touched.energy_kwh, touched.active_hours, touched.peak_hour_kwh, touched.peak_hour
    FROM touched
    WHERE touched.is_whole
    UNION ALL
    SELECT
        touched.day,
        sum(hourly.energy_kwh),
        count(*) FILTER (WHERE hourly.energy_kwh > 0),
        max(hourly.energy_kwh),
        (array_agg(hourly.hour ORDER BY hourly.energy_kwh DESC, hourly.hour))[1]
    FROM touched
    JOIN hourly_energy AS hourly
        ON hourly.measure = $1
        AND hourly.hour BETWEEN greatest(touched.first_hour, $2) AND least(touched.last_hour, $3)
    WHERE NOT touched.is_whole
    GROUP BY touched.day
$$
