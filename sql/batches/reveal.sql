-- Shows, for the touched sessions, the rows that their latest remaining load brought and that no other load shows.
-- params:
-- returns: inserted int8, replaced int8
WITH latest AS (
    SELECT DISTINCT ON (hidden.user_id, hidden.date_from, hidden.session_id, hidden.occurrence) hidden.*
    FROM touched_session
    JOIN session_version AS version USING (source, session_key)
    JOIN hidden_load AS hidden
        ON hidden.user_id = version.user_id
        AND hidden.session_id = version.session_id
        AND hidden.date_from > version.after_hour
        AND hidden.date_from <= version.last_hour
    WHERE NOT hidden.is_superseded
    ORDER BY hidden.user_id, hidden.date_from, hidden.session_id, hidden.occurrence, hidden.batch_id DESC
),

compared AS MATERIALIZED (
    SELECT
        latest.*,
        stored.batch_id AS stored_batch_id,
        stored.location_id AS stored_location_id,
        stored.synthetic_3_6_kwh AS stored_synthetic_3_6_kwh,
        stored.synthetic_7_2_kwh AS stored_synthetic_7_2_kwh,
        stored.flex_3_6_kwh AS stored_flex_3_6_kwh,
        stored.flex_7_2_kwh AS stored_flex_7_2_kwh,
        stored.metered_kwh AS stored_metered_kwh
    FROM latest
    LEFT JOIN hourly_load AS stored USING (user_id, date_from, session_id, occurrence)
    WHERE latest.batch_id > coalesce(stored.batch_id, 0)
),

hidden AS (
    INSERT INTO hidden_load (
        user_id, date_from, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    )
    SELECT
        user_id, date_from, session_id, occurrence, stored_batch_id, stored_location_id,
        stored_synthetic_3_6_kwh, stored_synthetic_7_2_kwh, stored_flex_3_6_kwh, stored_flex_7_2_kwh, stored_metered_kwh
    FROM compared
    WHERE stored_batch_id IS NOT NULL
),

promoted AS (
    DELETE FROM hidden_load
    USING compared
    WHERE hidden_load.user_id = compared.user_id
        AND hidden_load.date_from = compared.date_from
        AND hidden_load.session_id = compared.session_id
        AND hidden_load.occurrence = compared.occurrence
        AND hidden_load.batch_id = compared.batch_id
),

shown AS (
    INSERT INTO hourly_load (
        date_from, date_to, user_id, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    )
    SELECT
        date_from, date_from + interval '1 hour', user_id, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
    FROM compared
    ON CONFLICT (user_id, date_from, session_id, occurrence) DO UPDATE SET
        batch_id = excluded.batch_id,
        location_id = excluded.location_id,
        synthetic_3_6_kwh = excluded.synthetic_3_6_kwh,
        synthetic_7_2_kwh = excluded.synthetic_7_2_kwh,
        flex_3_6_kwh = excluded.flex_3_6_kwh,
        flex_7_2_kwh = excluded.flex_7_2_kwh,
        metered_kwh = excluded.metered_kwh
),

located AS (
    INSERT INTO user_location (user_id, location_id)
    SELECT DISTINCT user_id, location_id FROM compared WHERE user_id <> ''
    ON CONFLICT DO NOTHING
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM compared
)

SELECT
    count(*) FILTER (WHERE stored_batch_id IS NULL) AS inserted,
    count(*) FILTER (WHERE stored_batch_id IS NOT NULL) AS replaced
FROM compared
