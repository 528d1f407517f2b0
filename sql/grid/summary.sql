-- What a grid planner asks first: the peak hour, how evenly the energy flowed, and how far the users' own peaks coincide.
-- params: those of the source
-- returns: peak_kw numeric, peak_at timestamptz, load_factor numeric, hours_of_use numeric, users int8,
--     sum_of_user_peaks_kw numeric, coincidence_factor numeric, diversity_factor numeric, admd_kw numeric
WITH of_site AS (
    SELECT
        sum(energy_kwh) AS energy_kwh,
        sum(observed_hours) AS observed_hours,
        nullif(max(peak_hour_kwh), 0) AS peak_kw,
        (array_agg(peak_hour ORDER BY peak_hour_kwh DESC, peak_hour))[1] AS peak_at
    FROM days
    HAVING count(*) > 0
),

of_users AS (
    SELECT count(*) AS users, nullif(sum(peak_kwh), 0) AS sum_of_peaks_kw FROM user_peaks
)

SELECT
    coalesce(of_site.peak_kw, 0) AS peak_kw,
    of_site.peak_at,
    round(of_site.energy_kwh / (of_site.observed_hours * of_site.peak_kw), 3) AS load_factor,
    round(of_site.energy_kwh / of_site.peak_kw, 3) AS hours_of_use,
    of_users.users,
    coalesce(of_users.sum_of_peaks_kw, 0) AS sum_of_user_peaks_kw,
    round(of_site.peak_kw / of_users.sum_of_peaks_kw, 3) AS coincidence_factor,
    round(of_users.sum_of_peaks_kw / of_site.peak_kw, 3) AS diversity_factor,
    round(coalesce(of_site.peak_kw, 0) / nullif(of_users.users, 0), 3) AS admd_kw
FROM of_site
CROSS JOIN of_users
