-- Around a series of each user: the users that have rows, within the filters, and their rows, by primary key.
-- params: measure text, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: those of the query
WITH members AS (
    SELECT DISTINCT user_id AS member
    FROM user_location
    WHERE ($4::text[] IS NULL OR user_id = ANY($4::text[]))
        AND ($5::text[] IS NULL OR location_id = ANY($5::text[]))
),

stored AS (
    SELECT rows.user_id AS member, rows.date_from AS hour, energy_kwh(rows, $1::text) AS energy_kwh
    FROM hourly_load AS rows
    -- The OR makes Postgres read each page once, as in the source of some users.
    WHERE (
        rows.user_id = ANY(ARRAY(SELECT member FROM members))
        OR rows.user_id = ANY(ARRAY(SELECT member FROM members LIMIT 1))
    )
        AND ($5::text[] IS NULL OR rows.location_id = ANY($5::text[]))
        AND rows.date_from >= coalesce($2::timestamptz, '-infinity')
        AND rows.date_from <= coalesce($3::timestamptz, 'infinity')
)

SELECT answered.*
FROM (
    --query--
) AS answered
