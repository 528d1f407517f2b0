-- The rows of a range after an index, of some users and locations if these are given, in the order of loading. Filler
-- rows have no user and no session.
-- params: after int8, limit int8, start_date timestamptz, end_date timestamptz, user_id text[], location_id text[]
-- returns: index int8, date_from timestamptz, date_to timestamptz, user_id text, session_id int4,
--     synthetic_3_6_kwh numeric, synthetic_7_2_kwh numeric, flex_3_6_kwh numeric, flex_7_2_kwh numeric, metered_kwh numeric,
--     location_id text
SELECT
    stored.index,
    stored.date_from,
    stored.date_to,
    nullif(stored.user_id, '') AS user_id,
    CASE WHEN stored.user_id <> '' THEN stored.session_id END AS session_id,
    stored.synthetic_3_6_kwh,
    stored.synthetic_7_2_kwh,
    stored.flex_3_6_kwh,
    stored.flex_7_2_kwh,
    stored.metered_kwh,
    stored.location_id
FROM hourly_load AS stored
WHERE stored.index > $1::int8
    AND stored.date_from >= coalesce($3::timestamptz, '-infinity')
    AND stored.date_from <= coalesce($4::timestamptz, 'infinity')
    AND ($5::text[] IS NULL OR stored.user_id = ANY($5::text[]))
    AND ($6::text[] IS NULL OR stored.location_id = ANY($6::text[]))
ORDER BY stored.index
LIMIT $2::int8
