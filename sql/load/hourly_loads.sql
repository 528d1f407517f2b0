-- The rows after an index, at some locations if these are given, in the order of loading, and one more than the limit.
-- Filler rows have no user and no session.
-- params: after int8, limit int8, location_id text[]
-- returns: index int8, date_from timestamptz, date_to timestamptz, user_id text, session_id int4,
--     synthetic_3_6_kwh numeric, synthetic_7_2_kwh numeric, flex_3_6_kwh numeric, flex_7_2_kwh numeric, metered_kwh numeric,
--     location_id text, next_after text
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
    stored.location_id,
    stored.index::text AS next_after
FROM hourly_load AS stored
WHERE stored.index > $1::int8
    AND ($3::text[] IS NULL OR stored.location_id = ANY($3::text[]))
ORDER BY stored.index
LIMIT $2::int8 + 1
