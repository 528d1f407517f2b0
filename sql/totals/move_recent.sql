-- The recent part is the month of the latest hour and the month before it, on the site's clock.
-- params:
-- returns: recent_since timestamptz
WITH latest AS (
    SELECT date_trunc('month', max(hour) AT TIME ZONE site.timezone) AS month, site.timezone
    FROM site
    LEFT JOIN hourly_sum ON true
    GROUP BY site.timezone
)

UPDATE site SET recent_since = coalesce((latest.month - interval '1 month') AT TIME ZONE latest.timezone, '-infinity')
FROM latest
WHERE site.recent_since
    IS DISTINCT FROM coalesce((latest.month - interval '1 month') AT TIME ZONE latest.timezone, '-infinity')
RETURNING site.recent_since
