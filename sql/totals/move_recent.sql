-- Decides which hour is the latest, and moves the recent part: its month and the month before, on the site's clock. One
-- month more where a clock was set back over the midnight between them: there no instant parts the days of the months.
-- params:
-- returns: has_moved bool
WITH latest AS (
    SELECT
        coalesce(
            (SELECT max(hour) FROM hourly_sum WHERE hour <= future_since()),
            (SELECT max(hour) FROM hourly_sum)
        ) AS hour
),

midnights AS (
    SELECT
        midnight,
        site.timezone,
        earliest_instant(midnight, site.timezone) AS first_showing,
        midnight AT TIME ZONE site.timezone AS last_showing
    FROM site
    CROSS JOIN latest
    CROSS JOIN generate_series(1, 3) AS months
    CROSS JOIN LATERAL (
        SELECT date_trunc('month', latest.hour AT TIME ZONE site.timezone) - make_interval(months => months) AS midnight
    ) AS month
),

wanted AS (
    SELECT
        site.recent_since AS before,
        latest.hour AS latest_hour,
        coalesce(
            (
                SELECT max(first_showing)
                FROM midnights
                WHERE NOT (
                    first_showing < last_showing
                    AND (last_showing - interval '1 microsecond') AT TIME ZONE timezone < midnight
                )
            ),
            '-infinity'
        ) AS recent_since
    FROM site
    CROSS JOIN latest
)

UPDATE site SET latest_hour = wanted.latest_hour, recent_since = wanted.recent_since
FROM wanted
RETURNING site.recent_since <> wanted.before AS has_moved
