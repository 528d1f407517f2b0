-- What users charged between two instants, both inclusive and each optional.

-- The energy and the peak hour of each user in the parts of a range, as few as can be: whole years, whole months outside
-- these, whole days outside these. A year or a month is whole if all of its observed days are. Several rows per user. Left
-- out are days_at_ends, whose rows each query reads itself: a function that read them could not be inlined everywhere.
CREATE FUNCTION user_periods_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (user_id text, energy_kwh numeric, peak_kwh numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH beside AS (
        SELECT first_day - 1 AS day_before, last_day + 1 AS day_after FROM whole_days($1, $2, $3)
    ),

    -- Where whole months and years begin, and where they have ended.
    whole AS (
        SELECT
            day_before,
            first_month,
            first_year,
            greatest(first_year, date_trunc('year', day_after::timestamp)::date) AS after_years,
            greatest(first_month, date_trunc('month', day_after::timestamp)::date) AS after_months,
            day_after
        FROM (
            SELECT
                beside.*,
                (date_trunc('month', day_before::timestamp) + interval '1 month')::date AS first_month,
                (date_trunc('year', day_before::timestamp) + interval '1 year')::date AS first_year
            FROM beside
        ) AS begins
    )

    SELECT yearly.user_id, energy_kwh(yearly, $1), peak_kwh(yearly, $1)
    FROM user_period AS yearly
    WHERE yearly.period = 'year'
        AND yearly.start >= (SELECT first_year FROM whole) AND yearly.start < (SELECT after_years FROM whole)
    UNION ALL
    SELECT monthly.user_id, energy_kwh(monthly, $1), peak_kwh(monthly, $1)
    FROM user_period AS monthly
    WHERE monthly.period = 'month'
        AND monthly.start >= (SELECT first_month FROM whole)
        AND monthly.start < (SELECT least(first_year, after_months) FROM whole)
    UNION ALL
    SELECT monthly.user_id, energy_kwh(monthly, $1), peak_kwh(monthly, $1)
    FROM user_period AS monthly
    WHERE monthly.period = 'month'
        AND monthly.start >= (SELECT after_years FROM whole) AND monthly.start < (SELECT after_months FROM whole)
    UNION ALL
    SELECT daily.user_id, energy_kwh(daily, $1), peak_kwh(daily, $1)
    FROM user_day AS daily
    WHERE daily.day > (SELECT day_before FROM whole) AND daily.day < (SELECT least(first_month, day_after) FROM whole)
    UNION ALL
    SELECT daily.user_id, energy_kwh(daily, $1), peak_kwh(daily, $1)
    FROM user_day AS daily
    WHERE daily.day >= (SELECT after_months FROM whole) AND daily.day < (SELECT day_after FROM whole);
END;
