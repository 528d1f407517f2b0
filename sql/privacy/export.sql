-- All that is kept about a user, as one JSON text, a row a line; its times are on the site's clock.
-- params: user_id text
-- returns: document text
SELECT
    json_build_object(
        'user_id', $1::text,
        'exported_at', now(),
        'time_zone', (SELECT timezone FROM site),
        'locations', (
            SELECT coalesce(json_agg(location_id ORDER BY location_id), '[]')
            FROM user_location
            WHERE user_id = $1::text
        ),
        'rows', (
            SELECT coalesce(json_agg(to_json(one) ORDER BY index), '[]')
            FROM hourly_load AS one
            WHERE user_id = $1::text
        ),
        'overwritten_rows', (
            SELECT coalesce(json_agg(to_json(one) ORDER BY date_from, session_id, occurrence, batch_id), '[]')
            FROM hidden_load AS one
            WHERE user_id = $1::text
        ),
        'sessions', (
            SELECT coalesce(json_agg(to_json(one) ORDER BY index), '[]')
            FROM charging_session AS one
            WHERE user_id = $1::text
        ),
        'overwritten_sessions', (
            SELECT coalesce(json_agg(to_json(one) ORDER BY plug_in_at, session_key, batch_id), '[]')
            FROM hidden_session AS one
            WHERE user_id = $1::text
        ),
        'days', (
            SELECT coalesce(json_agg(to_json(one) ORDER BY day), '[]')
            FROM user_day AS one
            WHERE user_id = $1::text
        ),
        'months_and_years', (
            SELECT coalesce(json_agg(to_json(one) ORDER BY period, start), '[]')
            FROM user_period AS one
            WHERE user_id = $1::text
        ),
        'loads', (
            SELECT
                coalesce(
                    json_agg(
                        json_build_object(
                            'batch_id', batch_id, 'file_name', file_name, 'source', source, 'loaded_at', loaded_at
                        )
                        ORDER BY batch_id
                    ),
                    '[]'
                )
            FROM load_batch
            WHERE batch_id IN (
                SELECT batch_id FROM hourly_load WHERE user_id = $1::text
                UNION
                SELECT batch_id FROM hidden_load WHERE user_id = $1::text
                UNION
                SELECT batch_id FROM charging_session WHERE user_id = $1::text
                UNION
                SELECT batch_id FROM hidden_session WHERE user_id = $1::text
            )
        )
    )::text AS document
WHERE EXISTS (SELECT FROM hourly_load WHERE user_id = $1::text)
    OR EXISTS (SELECT FROM hidden_load WHERE user_id = $1::text)
    OR EXISTS (SELECT FROM charging_session WHERE user_id = $1::text)
    OR EXISTS (SELECT FROM hidden_session WHERE user_id = $1::text)
