-- Decides which hour is the latest, and moves the recent part: its month and the month before, on the site's clock.
-- params:
-- returns: has_moved bool
WITH latest AS (
    SELECT
        coalesce(
            (SELECT max(hour) FROM hourly_sum WHERE hour <= future_since()),
            (SELECT max(hour) FROM hourly_sum)
        ) AS hour
),

wanted AS (
    SELECT
        site.recent_since AS before,
        latest.hour AS latest_hour,
        coalesce(
            earliest_instant(
                date_trunc('month', latest.hour AT TIME ZONE site.timezone) - interval '1 month', site.timezone
            ),
            '-infinity'
        ) AS recent_since
    FROM site
    CROSS JOIN latest
)

UPDATE site SET latest_hour = wanted.latest_hour, recent_since = wanted.recent_since
FROM wanted
RETURNING site.recent_since <> wanted.before AS has_moved
