"""Months of the closed part, so that a long range costs little more than a short one."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = (
    "SELECT pg_advisory_xact_lock(7302155)",  # whoever changes rows goes one after the other
    """
CREATE MATERIALIZED VIEW monthly_closed AS
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
FROM daily_closed
GROUP BY 1, measure
""",
    "CREATE UNIQUE INDEX monthly_closed_measure_month ON monthly_closed (measure, month)",
    """
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
""",
    """
CREATE OR REPLACE FUNCTION days_in_range(measure text, start_date timestamptz, end_date timestamptz)
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
""",
    """
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
""",
)

DOWN = (
    "DROP FUNCTION periods_in_range",
    """
CREATE OR REPLACE FUNCTION days_in_range(measure text, start_date timestamptz, end_date timestamptz)
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
""",
    "DROP FUNCTION cut_days",
    "DROP MATERIALIZED VIEW monthly_closed",
)


def upgrade() -> None:
    for statement in UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.get_bind().exec_driver_sql(statement)
