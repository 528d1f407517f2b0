-- All KPIs of a range at once, with the moments of the peaks. The last seven days end with the latest hour, whatever the range.
-- params: those of the source
-- returns: total_energy_kwh numeric, avg_daily_energy_kwh numeric, last_7_days_avg_daily_energy_kwh numeric,
--     last_7_days_from date, last_7_days_to date, peak_daily_energy_kwh numeric, peak_day date,
--     peak_hourly_load_kwh numeric, peak_hour timestamptz, avg_active_charging_hours_per_day numeric, days int8,
--     first_hour timestamptz, last_hour timestamptz, latest_hour timestamptz, timezone text, load_factor numeric,
--     hours_of_use numeric
WITH totals AS (
    SELECT
        sum(energy_kwh) AS energy_kwh,
        avg(energy_kwh) AS mean_energy_kwh,
        max(energy_kwh) AS peak_day_kwh,
        (array_agg(day ORDER BY energy_kwh DESC, day))[1] AS peak_day,
        max(peak_hour_kwh) AS peak_hour_kwh,
        (array_agg(peak_hour ORDER BY peak_hour_kwh DESC, peak_hour))[1] AS peak_hour,
        sum(observed_hours) AS observed_hours,
        avg(active_hours) AS mean_active_hours,
        count(*) AS days,
        min(first_hour) AS first_hour,
        max(last_hour) AS last_hour
    FROM days
    HAVING count(*) > 0
)

SELECT
    round(totals.energy_kwh, 2) AS total_energy_kwh,
    round(totals.mean_energy_kwh, 2) AS avg_daily_energy_kwh,
    (SELECT round(avg(energy_kwh), 2) FROM last_days WHERE is_latest) AS last_7_days_avg_daily_energy_kwh,
    last.first_day AS last_7_days_from,
    last.last_day AS last_7_days_to,
    round(totals.peak_day_kwh, 2) AS peak_daily_energy_kwh,
    totals.peak_day,
    round(totals.peak_hour_kwh, 2) AS peak_hourly_load_kwh,
    totals.peak_hour,
    round(totals.mean_active_hours, 2) AS avg_active_charging_hours_per_day,
    totals.days,
    totals.first_hour,
    totals.last_hour,
    last.end_date AS latest_hour,
    last.timezone,
    round(totals.energy_kwh / nullif(totals.observed_hours * totals.peak_hour_kwh, 0), 3) AS load_factor,
    round(totals.energy_kwh / nullif(totals.peak_hour_kwh, 0), 3) AS hours_of_use
FROM totals
CROSS JOIN last_7_days(NULL) AS last
