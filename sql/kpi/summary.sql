-- All KPIs of a range at once, with the moments of the peaks. The last seven days end with the latest hour, whatever the range.
-- params: measure text, start_date timestamptz, end_date timestamptz
-- returns: total_energy_kwh numeric, avg_daily_energy_kwh numeric, last_7_days_avg_daily_energy_kwh numeric,
--     last_7_days_from date, last_7_days_to date, peak_daily_energy_kwh numeric, peak_day date,
--     peak_hourly_load_kwh numeric, peak_hour timestamp, avg_active_charging_hours_per_day numeric, days int8,
--     first_hour timestamp, last_hour timestamp, latest_hour timestamp, timezone text
WITH totals AS (
    SELECT
        sum(energy_kwh) AS energy_kwh,
        avg(energy_kwh) AS mean_energy_kwh,
        max(energy_kwh) AS peak_day_kwh,
        (array_agg(day ORDER BY energy_kwh DESC, day))[1] AS peak_day,
        max(peak_hour_kwh) AS peak_hour_kwh,
        (array_agg(peak_hour ORDER BY peak_hour_kwh DESC, peak_hour))[1] AS peak_hour,
        avg(active_hours) AS mean_active_hours,
        count(*) AS days
    FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
    HAVING count(*) > 0
),

observed AS (
    SELECT min(hour) AS first_hour, max(hour) AS last_hour
    FROM hourly_totals
    WHERE hour BETWEEN coalesce($2::timestamptz, '-infinity') AND coalesce($3::timestamptz, 'infinity')
)

SELECT
    round(totals.energy_kwh, 2) AS total_energy_kwh,
    round(totals.mean_energy_kwh, 2) AS avg_daily_energy_kwh,
    (
        SELECT round(avg(days.energy_kwh), 2)
        FROM days_in_range($1::text, last.start_date, last.end_date) AS days
    ) AS last_7_days_avg_daily_energy_kwh,
    last.first_day AS last_7_days_from,
    last.last_day AS last_7_days_to,
    round(totals.peak_day_kwh, 2) AS peak_daily_energy_kwh,
    totals.peak_day,
    round(totals.peak_hour_kwh, 2) AS peak_hourly_load_kwh,
    totals.peak_hour::timestamp AS peak_hour,
    round(totals.mean_active_hours, 2) AS avg_active_charging_hours_per_day,
    totals.days,
    observed.first_hour::timestamp AS first_hour,
    observed.last_hour::timestamp AS last_hour,
    last.end_date::timestamp AS latest_hour,
    last.timezone
FROM totals
CROSS JOIN observed
CROSS JOIN last_7_days(NULL) AS last
