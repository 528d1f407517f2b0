"""Compares every value of the totals, and of the users' days, months and years, with a full recomputation in SQL."""

from common import fetch, measures_of

DIFFERENCES = """
WITH expected_hours AS MATERIALIZED (
    SELECT
        date_from AS hour,
        {sums}
    FROM hourly_load
    GROUP BY date_from
),

expected_days AS MATERIALIZED (
    SELECT
        (hour AT TIME ZONE site.timezone)::date AS day,
        measure,
        sum(energy_kwh) AS energy_kwh,
        count(*) AS observed_hours,
        count(*) FILTER (WHERE energy_kwh > 0) AS active_hours,
        max(energy_kwh) AS peak_hour_kwh,
        (array_agg(hour ORDER BY energy_kwh DESC, hour))[1] AS peak_hour,
        min(hour) AS first_hour,
        max(hour) AS last_hour
    FROM expected_hours
    CROSS JOIN site
    CROSS JOIN LATERAL (
        VALUES {values}
    ) AS measures (measure, energy_kwh)
    WHERE measure IN (SELECT held.measure FROM measure AS held WHERE held.is_held)
    GROUP BY 1, 2
),

user_rows AS (
    SELECT hourly_load.*, (date_from AT TIME ZONE site.timezone)::date AS day
    FROM hourly_load
    CROSS JOIN site
    WHERE user_id <> ''
),

begun AS (
    SELECT day, user_id, count(*) AS sessions_begun
    FROM (
        SELECT DISTINCT user_id, session_id, day FROM user_rows
        EXCEPT
        SELECT user_id, session_id, day + 1 FROM user_rows
    ) AS first_days
    GROUP BY day, user_id
),

expected_user_days AS MATERIALIZED (
    SELECT
        day,
        user_id,
        count(DISTINCT date_from) AS hours,
        coalesce(min(begun.sessions_begun), 0) AS sessions_begun,
        {sums}
    FROM user_rows
    LEFT JOIN begun USING (day, user_id)
    GROUP BY day, user_id
),

expected_months AS (
    SELECT
        date_trunc('month', day)::date AS month,
        measure,
        count(*) AS days,
        sum(energy_kwh) AS energy_kwh,
        sum(active_hours)::bigint AS active_hours,
        max(energy_kwh) AS peak_day_kwh,
        max(peak_hour_kwh) AS peak_hour_kwh,
        min(first_hour) AS first_hour,
        max(last_hour) AS last_hour
    FROM expected_days
    CROSS JOIN site
    WHERE last_hour < site.recent_since
    GROUP BY month, measure
),

expected_user_periods AS (
    SELECT period, date_trunc(period, day)::date AS start, user_id, {sums}, {peaks}
    FROM user_day
    CROSS JOIN (VALUES ('month'), ('year')) AS kind (period)
    GROUP BY 1, 2, 3
),

hours AS (
    SELECT hour, {columns} FROM hourly_totals
),

days AS (
    SELECT day, measure, energy_kwh, observed_hours, active_hours, peak_hour_kwh, peak_hour, first_hour, last_hour
    FROM daily_totals
),

months AS (
    SELECT month, measure, days, energy_kwh, active_hours, peak_day_kwh, peak_hour_kwh, first_hour, last_hour
    FROM monthly_closed
),

user_days AS (
    SELECT day, user_id, hours, sessions_begun, {columns} FROM user_day
),

user_periods AS (
    SELECT period, start, user_id, {columns}, {peak_columns} FROM user_period
)

SELECT
    (SELECT count(*) FROM expected_hours) AS hours,
    (SELECT count(*) FROM expected_days) AS days_and_measures,
    (SELECT count(*) FROM (TABLE expected_hours EXCEPT ALL TABLE hours) AS missing)
    + (SELECT count(*) FROM (TABLE hours EXCEPT ALL TABLE expected_hours) AS excess)
    + (SELECT count(*) FROM (TABLE expected_days EXCEPT ALL TABLE days) AS missing)
    + (SELECT count(*) FROM (TABLE days EXCEPT ALL TABLE expected_days) AS excess)
    + (SELECT count(*) FROM (TABLE expected_months EXCEPT ALL TABLE months) AS missing)
    + (SELECT count(*) FROM (TABLE months EXCEPT ALL TABLE expected_months) AS excess)
    + (SELECT count(*) FROM (TABLE expected_user_days EXCEPT ALL TABLE user_days) AS missing)
    + (SELECT count(*) FROM (TABLE user_days EXCEPT ALL TABLE expected_user_days) AS excess)
    + (SELECT count(*) FROM (TABLE expected_user_periods EXCEPT ALL TABLE user_periods) AS missing)
    + (SELECT count(*) FROM (TABLE user_periods EXCEPT ALL TABLE expected_user_periods) AS excess) AS differences,
    (SELECT count(*) FROM hourly_load) AS stored_rows,
    site.stored_rows AS counted_rows,
    site.data_version
FROM site
"""


class ViewsDisagree(Exception):
    """The views do not say what the rows say."""


def check_views(dsn: str) -> int:
    """Reads everything in one snapshot, and returns the number of stored rows."""
    measures = measures_of(dsn)
    query = DIFFERENCES.format(
        columns=", ".join(measures),
        peak_columns=", ".join(f"peak_{measure}" for measure in measures),
        peaks=", ".join(f"max(peak_{measure}) AS peak_{measure}" for measure in measures),
        sums=", ".join(f"coalesce(sum({measure}), 0) AS {measure}" for measure in measures),
        values=", ".join(f"('{measure}', {measure})" for measure in measures),
    )
    found = fetch(dsn, query, jit="off", work_mem="128MB")[0]
    if found["differences"] or found["stored_rows"] != found["counted_rows"]:
        raise ViewsDisagree(dict(found))
    stored_rows: int = found["stored_rows"]
    return stored_rows
