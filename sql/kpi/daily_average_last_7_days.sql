-- The mean daily energy from seven days before the latest hour, on the site's clock, to that hour: up to eight days.
-- params: measure text
-- returns: avg_daily_energy_kwh numeric, period text, from date, to date
WITH latest AS (
    SELECT observed.hour AT TIME ZONE site.timezone AS local_hour, observed.hour, site.timezone
    FROM (SELECT max(hour) AS hour FROM hourly_totals) AS observed
    CROSS JOIN site
)
SELECT
    round(avg(days.energy_kwh), 2) AS avg_daily_energy_kwh,
    'last_7_days'::text AS period,
    (latest.local_hour - interval '7 days')::date AS "from",
    latest.local_hour::date AS "to"
FROM latest
CROSS JOIN LATERAL days_in_range(
    $1::text,
    (latest.local_hour - interval '7 days') AT TIME ZONE latest.timezone,
    latest.hour
) AS days
GROUP BY latest.local_hour
