-- Takes out what loads brought for a user and does not show, and its sums and places. Counts what did not show.
-- params: user_id text
-- returns: hidden_rows int8, hidden_sessions int8
WITH hidden AS (
    DELETE FROM hidden_load WHERE user_id = $1::text RETURNING batch_id
),

sessions AS (
    DELETE FROM hidden_session WHERE user_id = $1::text RETURNING batch_id
),

places AS (
    DELETE FROM user_location WHERE user_id = $1::text
),

days AS (
    DELETE FROM user_day WHERE user_id = $1::text
),

periods AS (
    DELETE FROM user_period WHERE user_id = $1::text
)

SELECT (SELECT count(*) FROM hidden) AS hidden_rows, (SELECT count(*) FROM sessions) AS hidden_sessions
