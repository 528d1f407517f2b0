-- How many rows a series of each member has: as many as there are members, times the buckets that were observed.
-- params: those of the source, by text
-- returns: data_version int8, data_version_id uuid, rows int8
WITH days AS (
    SELECT day, observed_hours FROM days_in_range($1::text, $2::timestamptz, $3::timestamptz)
),

hours AS (
    SELECT hour FROM hours_in_range($1::text, $2::timestamptz, $3::timestamptz)
)

SELECT
    site.data_version,
    site.data_version_id,
    (SELECT count(*) FROM members) * CASE $6::text
        WHEN 'hour' THEN (SELECT sum(observed_hours)::int8 FROM days)
        WHEN 'hour_of_day' THEN (SELECT count(DISTINCT extract(hour FROM hour::timestamp)) FROM hours)
        ELSE (
            SELECT
                count(
                    DISTINCT CASE $6::text
                        WHEN 'total' THEN 0
                        WHEN 'weekday' THEN extract(isodow FROM day)
                        WHEN 'month_of_year' THEN extract(month FROM day)
                        ELSE extract(EPOCH FROM date_trunc($6::text, day::timestamp))
                    END
                )
            FROM days
        )
    END AS rows
FROM site
