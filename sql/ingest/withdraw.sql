-- Finds the rows that show what earlier loads brought for the sessions of a load, and that it does not bring itself. Hides
-- what they show, and marks them with the number -1, under which no load brings anything.
-- params: batch_id int4, source text
-- returns: first_hour timestamptz, last_hour timestamptz
WITH earlier AS (
    SELECT user_id, session_id, batch_id, after_hour, last_hour
    FROM session_version
    WHERE source = $2::text
        AND batch_id <> $1::int4
        AND session_key IN (SELECT session_key FROM staged_session)
),

withdrawn AS (
    INSERT INTO withdrawn_row (
        user_id, date_from, session_id, occurrence, batch_id, location_id,
        synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh, is_superseded
    )
    SELECT DISTINCT
        stored.user_id, stored.date_from, stored.session_id, stored.occurrence, stored.batch_id, stored.location_id,
        stored.synthetic_3_6_kwh, stored.synthetic_7_2_kwh, stored.flex_3_6_kwh, stored.flex_7_2_kwh,
        stored.metered_kwh, true
    FROM earlier
    JOIN hourly_load AS stored
        ON stored.user_id = earlier.user_id
        AND stored.session_id = earlier.session_id
        AND stored.batch_id = earlier.batch_id
        AND stored.date_from > earlier.after_hour
        AND stored.date_from <= earlier.last_hour
    WHERE (
        SELECT count(*)
        FROM hidden_load AS brought
        WHERE brought.user_id = stored.user_id
            AND brought.date_from = stored.date_from
            AND brought.session_id = stored.session_id
            AND brought.occurrence = stored.occurrence
            AND brought.batch_id = $1::int4
    ) = 0
    RETURNING *
),

hidden AS (
    INSERT INTO hidden_load SELECT * FROM withdrawn
),

marked AS (
    INSERT INTO hourly_load (date_from, date_to, user_id, session_id, occurrence, batch_id)
    SELECT date_from, date_from + interval '1 hour', user_id, session_id, occurrence, -1 FROM withdrawn
    ON CONFLICT (user_id, date_from, session_id, occurrence) DO UPDATE SET batch_id = excluded.batch_id
)

SELECT min(date_from) AS first_hour, max(date_from) AS last_hour FROM withdrawn
