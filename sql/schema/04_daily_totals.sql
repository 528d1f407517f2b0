-- The totals of local calendar days and of whole months, for each measure that is held.

-- Per day and measure between two hours, both inclusive: energy, observed hours, active hours (those in which energy
-- flowed), the peak hour, the first and the last hour.
CREATE FUNCTION daily_sums(since timestamptz, until timestamptz)
RETURNS TABLE (
    day date,
    measure text,
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
        (hourly.hour AT TIME ZONE site.timezone)::date,
        hourly.measure,
        sum(hourly.energy_kwh),
        count(*),
        count(*) FILTER (WHERE hourly.energy_kwh > 0),
        max(hourly.energy_kwh),
        (array_agg(hourly.hour ORDER BY hourly.energy_kwh DESC, hourly.hour))[1],
        min(hourly.hour),
        max(hourly.hour)
    FROM site
    CROSS JOIN (
        SELECT totals.hour, measure.measure, energy_kwh(totals, measure.measure) AS energy_kwh
        FROM hourly_totals AS totals
        CROSS JOIN measure
        WHERE measure.is_held AND totals.hour BETWEEN $1 AND $2
    ) AS hourly
    GROUP BY 1, 2;
END;

-- The days of hourly_closed. A day lies wholly on one side of site.recent_since. The WHERE names what the function reads: a
-- backup fills views in the order of what they name, and does not look into functions.
CREATE MATERIALIZED VIEW daily_closed AS
SELECT daily.*
FROM site
CROSS JOIN LATERAL daily_sums('-infinity', site.recent_since - interval '1 microsecond') AS daily
WHERE NOT EXISTS (SELECT FROM hourly_totals WHERE false);

CREATE UNIQUE INDEX daily_closed_measure_day ON daily_closed (measure, day);

-- The days of hourly_recent.
CREATE MATERIALIZED VIEW daily_recent AS
SELECT daily.*
FROM site
CROSS JOIN LATERAL daily_sums(site.recent_since, 'infinity') AS daily
WHERE NOT EXISTS (SELECT FROM hourly_totals WHERE false);

CREATE UNIQUE INDEX daily_recent_measure_day ON daily_recent (measure, day);

-- Per day and measure.
CREATE VIEW daily_totals AS
SELECT * FROM daily_closed
UNION ALL
SELECT * FROM daily_recent;

-- The months of daily_closed, which ends with a month.
CREATE MATERIALIZED VIEW monthly_closed AS
SELECT
    date_trunc('month', day)::date AS month,
    measure,
    count(*) AS days,
    sum(energy_kwh) AS energy_kwh,
    sum(observed_hours)::bigint AS observed_hours,
    sum(active_hours)::bigint AS active_hours,
    max(energy_kwh) AS peak_day_kwh,
    max(peak_hour_kwh) AS peak_hour_kwh,
    min(first_hour) AS first_hour,
    max(last_hour) AS last_hour
FROM daily_closed
GROUP BY 1, 2;

CREATE UNIQUE INDEX monthly_closed_measure_month ON monthly_closed (measure, month);
