"""What each user did on each day, kept like the hours' sums, and the function that answers ranges from it."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = (
    "SELECT pg_advisory_xact_lock(7302155)",  # whoever changes rows goes one after the other
    """
CREATE TABLE user_day (
    day date NOT NULL,
    hours integer NOT NULL,
    sessions_begun integer NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    synthetic_3_6_kwh numeric NOT NULL,
    synthetic_7_2_kwh numeric NOT NULL,
    flex_3_6_kwh numeric NOT NULL,
    flex_7_2_kwh numeric NOT NULL,
    PRIMARY KEY (day, user_id)
)
""",
    """
INSERT INTO user_day (
    day, user_id, hours, sessions_begun, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
)
SELECT
    day,
    user_id,
    count(*),
    sum(sessions_begun),
    sum(synthetic_3_6_kwh),
    sum(synthetic_7_2_kwh),
    sum(flex_3_6_kwh),
    sum(flex_7_2_kwh)
FROM (
    SELECT
        day,
        user_id,
        date_from,
        count(*) FILTER (WHERE begins) AS sessions_begun,
        coalesce(sum(synthetic_3_6_kwh), 0) AS synthetic_3_6_kwh,
        coalesce(sum(synthetic_7_2_kwh), 0) AS synthetic_7_2_kwh,
        coalesce(sum(flex_3_6_kwh), 0) AS flex_3_6_kwh,
        coalesce(sum(flex_7_2_kwh), 0) AS flex_7_2_kwh
    FROM (
        SELECT
            *,
            coalesce(lag(day) OVER (PARTITION BY user_id, session_id ORDER BY date_from, occurrence) < day - 1, true)
                AS begins
        FROM (
            SELECT hourly_load.*, (date_from AT TIME ZONE site.timezone)::date AS day
            FROM hourly_load
            CROSS JOIN site
            WHERE user_id <> ''
        ) AS on_day
    ) AS begun
    GROUP BY day, user_id, date_from
) AS by_hour
GROUP BY day, user_id
""",
    "ANALYZE user_day",
    """
CREATE FUNCTION users_in_range(measure text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (user_id text, energy_kwh numeric, hours bigint, sessions bigint, first_day date, last_day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH touched AS (
        SELECT
            daily.day,
            daily.first_hour,
            daily.last_hour,
            ($2 IS NULL OR daily.first_hour >= $2) AND ($3 IS NULL OR daily.last_hour <= $3) AS is_whole
        FROM daily_totals AS daily
        WHERE daily.measure = $1
            AND ($2 IS NULL OR daily.last_hour >= $2)
            AND ($3 IS NULL OR daily.first_hour <= $3)
    ),
    cut AS MATERIALIZED (
        SELECT
            touched.day,
            coalesce(day_before.first_hour, touched.first_hour) AS sessions_since,
            greatest(touched.first_hour, $2) AS first_hour,
            least(touched.last_hour, $3) AS last_hour
        FROM touched
        LEFT JOIN daily_totals AS day_before ON day_before.measure = $1 AND day_before.day = touched.day - 1
        WHERE NOT touched.is_whole
    ),
    days AS (
        SELECT
            whole.user_id,
            whole.day,
            whole.hours,
            whole.sessions_begun,
            whole.synthetic_3_6_kwh,
            whole.synthetic_7_2_kwh,
            whole.flex_3_6_kwh,
            whole.flex_7_2_kwh
        FROM user_day AS whole
        WHERE whole.day BETWEEN (SELECT min(touched.day) FROM touched WHERE touched.is_whole)
            AND (SELECT max(touched.day) FROM touched WHERE touched.is_whole)
        UNION ALL
        SELECT
            by_user.user_id,
            cut.day,
            by_user.hours,
            by_user.sessions_begun,
            by_user.synthetic_3_6_kwh,
            by_user.synthetic_7_2_kwh,
            by_user.flex_3_6_kwh,
            by_user.flex_7_2_kwh
        FROM cut
        -- LATERAL, so that no plan reads the rows before it knows the two hours between which they lie.
        CROSS JOIN LATERAL (
            SELECT
                stored.user_id,
                count(DISTINCT stored.date_from) FILTER (WHERE stored.date_from >= cut.first_hour) AS hours,
                count(DISTINCT stored.session_id)
                - count(DISTINCT stored.session_id) FILTER (WHERE stored.date_from < cut.first_hour) AS sessions_begun,
                sum(stored.synthetic_3_6_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS synthetic_3_6_kwh,
                sum(stored.synthetic_7_2_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS synthetic_7_2_kwh,
                sum(stored.flex_3_6_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS flex_3_6_kwh,
                sum(stored.flex_7_2_kwh) FILTER (WHERE stored.date_from >= cut.first_hour) AS flex_7_2_kwh
            FROM hourly_load AS stored
            WHERE stored.date_from BETWEEN cut.sessions_since AND cut.last_hour AND stored.user_id <> ''
            GROUP BY stored.user_id
            HAVING bool_or(stored.date_from >= cut.first_hour)
        ) AS by_user
    )
    SELECT
        days.user_id,
        coalesce(sum(
            CASE $1
                WHEN 'synthetic_3_6_kwh' THEN days.synthetic_3_6_kwh
                WHEN 'synthetic_7_2_kwh' THEN days.synthetic_7_2_kwh
                WHEN 'flex_3_6_kwh' THEN days.flex_3_6_kwh
                WHEN 'flex_7_2_kwh' THEN days.flex_7_2_kwh
            END
        ), 0),
        sum(days.hours)::bigint,
        sum(days.sessions_begun)::bigint,
        min(days.day),
        max(days.day)
    FROM days
    GROUP BY days.user_id
$$
""",
)

DOWN = ("DROP FUNCTION users_in_range", "DROP TABLE user_day")


def upgrade() -> None:
    for statement in UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.get_bind().exec_driver_sql(statement)
