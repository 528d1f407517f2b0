-- The rows after an index, of some users, at some locations if these are given, in the order of loading, and one more than
-- the limit. They are found by the key: the first ones by the index could come after all others.
-- params: after int8, limit int8, location_id text[], user_id text[]
-- returns: index int8, date_from timestamptz, date_to timestamptz, user_id text, session_id int4,
--     synthetic_3_6_kwh numeric, synthetic_7_2_kwh numeric, flex_3_6_kwh numeric, flex_7_2_kwh numeric, metered_kwh numeric,
--     location_id text, next_after text
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
    stored.location_id,
    stored.index::text AS next_after
FROM (SELECT * FROM hourly_load WHERE user_id = ANY($4::text[]) OFFSET 0) AS stored
WHERE stored.index > $1::int8 AND ($3::text[] IS NULL OR stored.location_id = ANY($3::text[]))
ORDER BY stored.index
LIMIT $2::int8 + 1
