-- The hours with the highest load, at most one of each day if asked so, and how many users charged in each.
-- params: those of the source, per text, limit int8
-- returns: hour timestamptz, load_kw numeric, users int8
WITH highest AS (
    SELECT hour, energy_kwh
    FROM (
        SELECT hour, energy_kwh FROM hours WHERE $6::text = 'hour'
        UNION ALL
        SELECT peak_hour, peak_hour_kwh FROM days WHERE $6::text = 'day'
    ) AS candidates
    ORDER BY energy_kwh DESC, hour
    LIMIT $7::int8
)

SELECT
    highest.hour,
    highest.energy_kwh AS load_kw,
    (
        SELECT count(DISTINCT stored.user_id)
        FROM hourly_load AS stored
        WHERE stored.date_from = highest.hour
            AND stored.user_id <> ''
            AND energy_kwh(stored, $1::text) > 0
            AND ($4::text[] IS NULL OR stored.user_id = ANY($4::text[]))
            AND ($5::text[] IS NULL OR stored.location_id = ANY($5::text[]))
    ) AS users
FROM highest
ORDER BY highest.energy_kwh DESC, highest.hour
