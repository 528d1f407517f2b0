-- Moves the staged sessions over. One that is stored already is written again only where it differs; what does not show is
-- kept in hidden_session.
-- params: batch_id int4, source text
-- returns: sessions int8, inserted int8, updated int8
WITH hidden AS (
    INSERT INTO hidden_session (
        source, session_key, batch_id, session_id, user_id, location_id, plug_in_at, plug_out_at, charging_seconds,
        energy_kwh, last_hour
    )
    SELECT
        stored.source,
        session_key,
        CASE WHEN compared.differs THEN stored.batch_id ELSE $1::int4 END,
        stored.session_id,
        stored.user_id,
        stored.location_id,
        stored.plug_in_at,
        stored.plug_out_at,
        stored.charging_seconds,
        stored.energy_kwh,
        -- The hours of equal sessions differ where these are taken to charge at another power.
        CASE WHEN compared.differs THEN stored.last_hour ELSE arrived.last_hour END
    FROM staged_session AS arrived
    JOIN charging_session AS stored USING (session_key)
    CROSS JOIN LATERAL (
        SELECT
            ROW(
                stored.session_id, stored.user_id, stored.location_id, stored.plug_in_at, stored.plug_out_at,
                stored.charging_seconds, stored.energy_kwh
            ) IS DISTINCT FROM ROW(
                arrived.session_id, arrived.user_id, arrived.location_id, arrived.plug_in_at, arrived.plug_out_at,
                arrived.charging_seconds, arrived.energy_kwh
            ) AS differs
    ) AS compared
    WHERE stored.source = $2::text
    RETURNING batch_id
),

merged AS (
    INSERT INTO charging_session AS stored (
        source, session_key, batch_id, session_id, source_session_id, user_id, location_id, plug_in_at, plug_out_at,
        charging_seconds, energy_kwh, last_hour
    )
    SELECT
        $2::text, session_key, $1::int4, session_id, source_session_id, user_id, location_id, plug_in_at, plug_out_at,
        charging_seconds, energy_kwh, last_hour
    FROM staged_session
    ORDER BY plug_in_at, session_id
    ON CONFLICT (source, session_key) DO UPDATE SET
        batch_id = excluded.batch_id,
        session_id = excluded.session_id,
        user_id = excluded.user_id,
        location_id = excluded.location_id,
        plug_in_at = excluded.plug_in_at,
        plug_out_at = excluded.plug_out_at,
        charging_seconds = excluded.charging_seconds,
        energy_kwh = excluded.energy_kwh,
        last_hour = excluded.last_hour
    WHERE
        ROW(
            stored.session_id, stored.user_id, stored.location_id, stored.plug_in_at, stored.plug_out_at,
            stored.charging_seconds, stored.energy_kwh
        ) IS DISTINCT FROM ROW(
            excluded.session_id, excluded.user_id, excluded.location_id, excluded.plug_in_at, excluded.plug_out_at,
            excluded.charging_seconds, excluded.energy_kwh
        )
    RETURNING stored.batch_id
)

SELECT
    (SELECT count(*) FROM staged_session) AS sessions,
    (SELECT count(*) FROM staged_session) - (SELECT count(*) FROM hidden) AS inserted,
    (SELECT count(*) FROM merged) - (SELECT count(*) FROM staged_session) + (SELECT count(*) FROM hidden) AS updated
