-- The mean daily energy from seven days before the latest hour, on the site's clock, to that hour: up to eight days.
-- params: those of the source
-- returns: avg_daily_energy_kwh numeric, period text, from date, to date
SELECT
    round(avg(days.energy_kwh), 2) AS avg_daily_energy_kwh,
    'last_7_days'::text AS period,
    last.first_day AS "from",
    last.last_day AS "to"
FROM last_7_days($3::timestamptz) AS last
CROSS JOIN last_days AS days
WHERE NOT days.is_latest
GROUP BY last.first_day, last.last_day
