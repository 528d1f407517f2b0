-- Moves the staged rows over. A row that is stored already is written again only where it differs.
-- Equal keys are counted in the order of their values, so that the order of a file's rows changes nothing.
-- What does not show, of the load or of the one that it overwrites, is kept in hidden_load.
-- params: batch_id int4, last_index int8
-- returns: duplicates int8, inserted int8, updated int8
WITH numbered AS (
    SELECT
        date_from,
        date_to,
        user_id,
        session_id,
        row_number() OVER (
            PARTITION BY user_id, date_from, session_id
            ORDER BY location_id, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
        ) - 1 AS occurrence,
        location_id,
        synthetic_3_6_kwh,
        synthetic_7_2_kwh,
        flex_3_6_kwh,
        flex_7_2_kwh,
        metered_kwh,
        index AS arrival
    FROM staging
),

hidden AS (
    INSERT INTO hidden_load (
        user_id, date_from, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    )
    SELECT
        user_id, date_from, session_id, occurrence,
        CASE
            WHEN
                ROW(
                    stored.location_id, stored.synthetic_3_6_kwh, stored.synthetic_7_2_kwh, stored.flex_3_6_kwh,
                    stored.flex_7_2_kwh, stored.metered_kwh
                ) IS DISTINCT FROM ROW(
                    numbered.location_id, numbered.synthetic_3_6_kwh, numbered.synthetic_7_2_kwh, numbered.flex_3_6_kwh,
                    numbered.flex_7_2_kwh, numbered.metered_kwh
                )
                THEN stored.batch_id
            ELSE $1::int4
        END,
        stored.location_id,
        stored.synthetic_3_6_kwh,
        stored.synthetic_7_2_kwh,
        stored.flex_3_6_kwh,
        stored.flex_7_2_kwh,
        stored.metered_kwh
    FROM numbered
    JOIN hourly_load AS stored USING (user_id, date_from, session_id, occurrence)
),

merged AS (
    INSERT INTO hourly_load AS stored (
        date_from, date_to, user_id, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    )
    SELECT
        date_from, date_to, user_id, session_id, occurrence, $1::int4, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    FROM numbered
    ORDER BY arrival
    ON CONFLICT (user_id, date_from, session_id, occurrence) DO UPDATE SET
        batch_id = excluded.batch_id,
        location_id = excluded.location_id,
        synthetic_3_6_kwh = excluded.synthetic_3_6_kwh,
        synthetic_7_2_kwh = excluded.synthetic_7_2_kwh,
        flex_3_6_kwh = excluded.flex_3_6_kwh,
        flex_7_2_kwh = excluded.flex_7_2_kwh,
        metered_kwh = excluded.metered_kwh
    WHERE
        ROW(
            stored.location_id, stored.synthetic_3_6_kwh, stored.synthetic_7_2_kwh, stored.flex_3_6_kwh,
            stored.flex_7_2_kwh, stored.metered_kwh
        ) IS DISTINCT FROM ROW(
            excluded.location_id, excluded.synthetic_3_6_kwh, excluded.synthetic_7_2_kwh, excluded.flex_3_6_kwh,
            excluded.flex_7_2_kwh, excluded.metered_kwh
        )
    RETURNING stored.index, stored.date_from, stored.user_id
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM merged
)

SELECT
    (SELECT count(*) FROM numbered WHERE occurrence > 0) AS duplicates,
    count(*) FILTER (WHERE index > $2::int8) AS inserted,
    count(*) FILTER (WHERE index <= $2::int8) AS updated
FROM merged
