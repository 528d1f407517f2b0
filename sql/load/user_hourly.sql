-- The rows of one user in the range, at some locations if these are given.
-- params: user_id text, start_date timestamptz, end_date timestamptz, location_id text[]
-- returns: index int8, date_from timestamptz, date_to timestamptz, user_id text, session_id int4,
--     synthetic_3_6_kwh numeric, synthetic_7_2_kwh numeric, flex_3_6_kwh numeric, flex_7_2_kwh numeric, metered_kwh numeric,
--     location_id text
SELECT
    stored.index,
    stored.date_from,
    stored.date_to,
    stored.user_id,
    stored.session_id,
    stored.synthetic_3_6_kwh,
    stored.synthetic_7_2_kwh,
    stored.flex_3_6_kwh,
    stored.flex_7_2_kwh,
    stored.metered_kwh,
    stored.location_id
FROM hourly_load AS stored
WHERE stored.user_id = $1::text
    AND stored.date_from >= coalesce($2::timestamptz, '-infinity')
    AND stored.date_from <= coalesce($3::timestamptz, 'infinity')
    AND ($4::text[] IS NULL OR stored.location_id = ANY($4::text[]))
ORDER BY stored.date_from, stored.index
