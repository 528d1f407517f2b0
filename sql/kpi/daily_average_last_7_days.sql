-- The mean daily energy from seven days before the latest hour, on the site's clock, to that hour: up to eight days.
-- params: measure text, end_date timestamptz
-- returns: avg_daily_energy_kwh numeric, period text, from date, to date
SELECT
    round(avg(days.energy_kwh), 2) AS avg_daily_energy_kwh,
    'last_7_days'::text AS period,
    last.first_day AS "from",
    last.last_day AS "to"
FROM last_7_days($2::timestamptz) AS last
CROSS JOIN LATERAL days_in_range($1::text, last.start_date, last.end_date) AS days
GROUP BY last.first_day, last.last_day
