-- Around a series of each location: the locations that have rows, within the filters, and their energies: the sums of
-- hours, or of some users the rows.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
WITH RECURSIVE located AS (
    -- One look into the index for each location, not a scan of all sums.
    SELECT min(location_id) AS member FROM hourly_sum
    UNION ALL
    SELECT (SELECT min(sums.location_id) FROM hourly_sum AS sums WHERE sums.location_id > located.member)
    FROM located
    WHERE located.member IS NOT NULL
),

members AS (
    SELECT member FROM located
    WHERE $4::text[] IS NULL AND member IS NOT NULL AND ($5::text[] IS NULL OR member = ANY($5::text[]))
    UNION
    SELECT location_id FROM user_location
    WHERE user_id = ANY($4::text[]) AND ($5::text[] IS NULL OR location_id = ANY($5::text[]))
),

stored AS (
    SELECT sums.location_id AS member, sums.hour, energy_kwh(sums, $1::text) AS energy_kwh
    FROM hourly_sum AS sums
    WHERE $4::text[] IS NULL
        AND ($5::text[] IS NULL OR sums.location_id = ANY($5::text[]))
        AND sums.hour >= coalesce($2::timestamptz, '-infinity')
        AND sums.hour <= coalesce($3::timestamptz, 'infinity')
    UNION ALL
    SELECT rows.location_id AS member, rows.date_from AS hour, energy_kwh(rows, $1::text) AS energy_kwh
    FROM hourly_load AS rows
    WHERE rows.user_id = ANY($4::text[])
        AND ($5::text[] IS NULL OR rows.location_id = ANY($5::text[]))
        AND rows.date_from >= coalesce($2::timestamptz, '-infinity')
        AND rows.date_from <= coalesce($3::timestamptz, 'infinity')
)

SELECT answered.*
FROM (
    --query--
) AS answered
