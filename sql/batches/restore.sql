-- Replaces the rows that show a load, between two hours, by what the latest other load brought for them.
-- params: batch_id int4, first_hour timestamptz, last_hour timestamptz
-- returns: restored int8
WITH shown AS (
    SELECT user_id, date_from, session_id, occurrence
    FROM hourly_load
    WHERE batch_id = $1::int4
        AND date_from >= $2::timestamptz
        AND date_from <= $3::timestamptz
),

latest AS (
    SELECT DISTINCT ON (user_id, date_from, session_id, occurrence) hidden_load.*
    FROM shown
    JOIN hidden_load USING (user_id, date_from, session_id, occurrence)
    WHERE NOT hidden_load.is_superseded
    ORDER BY user_id, date_from, session_id, occurrence, hidden_load.batch_id DESC
),

promoted AS (
    DELETE FROM hidden_load
    USING latest
    WHERE hidden_load.user_id = latest.user_id
        AND hidden_load.date_from = latest.date_from
        AND hidden_load.session_id = latest.session_id
        AND hidden_load.occurrence = latest.occurrence
        AND hidden_load.batch_id = latest.batch_id
),

restored AS (
    INSERT INTO hourly_load AS stored (
        date_from, date_to, user_id, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    )
    SELECT
        date_from, date_from + interval '1 hour', user_id, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    FROM latest
    ON CONFLICT (user_id, date_from, session_id, occurrence) DO UPDATE SET
        batch_id = excluded.batch_id,
        location_id = excluded.location_id,
        synthetic_3_6_kwh = excluded.synthetic_3_6_kwh,
        synthetic_7_2_kwh = excluded.synthetic_7_2_kwh,
        flex_3_6_kwh = excluded.flex_3_6_kwh,
        flex_7_2_kwh = excluded.flex_7_2_kwh,
        metered_kwh = excluded.metered_kwh
    RETURNING stored.date_from, stored.user_id, stored.location_id
),

located AS (
    INSERT INTO user_location (user_id, location_id)
    SELECT DISTINCT user_id, location_id FROM restored WHERE user_id <> ''
    ON CONFLICT DO NOTHING
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM restored
)

SELECT count(*) AS restored FROM restored
