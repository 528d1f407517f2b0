-- Moves the staged rows over; a row that is stored already is written again only where its energies differ.
-- params: batch_id int4, last_index int8
-- returns: duplicates int8, inserted int8, updated int8
WITH numbered AS (
    SELECT
        staging.*,
        row_number() OVER (PARTITION BY user_id, date_from, session_id ORDER BY arrival) - 1 AS occurrence
    FROM staging
),

merged AS (
    INSERT INTO hourly_load AS stored (
        date_from, date_to, user_id, session_id, occurrence, batch_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
    )
    SELECT
        date_from, date_to, user_id, session_id, occurrence, $1::int4,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
    FROM numbered
    ORDER BY arrival
    ON CONFLICT (user_id, date_from, session_id, occurrence) DO UPDATE SET
        batch_id = excluded.batch_id,
        replaced_batch_id = stored.batch_id,
        synthetic_3_6_kwh = excluded.synthetic_3_6_kwh,
        synthetic_7_2_kwh = excluded.synthetic_7_2_kwh,
        flex_3_6_kwh = excluded.flex_3_6_kwh,
        flex_7_2_kwh = excluded.flex_7_2_kwh
    WHERE (stored.synthetic_3_6_kwh, stored.synthetic_7_2_kwh, stored.flex_3_6_kwh, stored.flex_7_2_kwh)
        IS DISTINCT FROM
        (excluded.synthetic_3_6_kwh, excluded.synthetic_7_2_kwh, excluded.flex_3_6_kwh, excluded.flex_7_2_kwh)
    RETURNING stored.index, stored.date_from, stored.user_id
),

noted_hours AS (
    INSERT INTO touched_hour (hour) SELECT DISTINCT date_from FROM merged
),

noted_users AS (
    INSERT INTO touched_user_day (day, user_id) SELECT DISTINCT date_from::date, user_id FROM merged WHERE user_id <> ''
)

SELECT
    (SELECT count(*) FROM numbered WHERE occurrence > 0) AS duplicates,
    count(*) FILTER (WHERE index > $2::int8) AS inserted,
    count(*) FILTER (WHERE index <= $2::int8) AS updated
FROM merged
