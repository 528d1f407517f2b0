"""days_in_range reads only the days in its range, through the index, also under a plan made for any range."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
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
"""

DOWN = """
CREATE OR REPLACE FUNCTION days_in_range(measure text, start_date timestamptz, end_date timestamptz)
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
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWN)
