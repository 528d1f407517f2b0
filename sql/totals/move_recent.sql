-- The recent part is the month of the latest hour and the month before it, on the site's clock.
-- params:
-- returns: recent_since timestamptz
WITH wanted AS (
    SELECT
        coalesce(
            (date_trunc('month', latest.hour AT TIME ZONE timezone) - interval '1 month') AT TIME ZONE timezone,
            '-infinity'
        ) AS recent_since
    FROM site
    CROSS JOIN (SELECT max(hour) AS hour FROM hourly_sum) AS latest
)

UPDATE site SET recent_since = wanted.recent_since
FROM wanted
WHERE site.recent_since <> wanted.recent_since
RETURNING site.recent_since
