-- Takes out the rows before a day of the site's calendar, and what does not show of them.
-- params: day date
-- returns: removed int8
WITH bound AS (
    SELECT earliest_instant($1::date, timezone) AS hour FROM site
),

removed AS (
    DELETE FROM hourly_load WHERE date_from < (SELECT hour FROM bound) RETURNING date_from, user_id
),

hidden AS (
    DELETE FROM hidden_load WHERE date_from < (SELECT hour FROM bound)
),

touched AS (
    INSERT INTO touched_row (hour, user_id) SELECT date_from, user_id FROM removed
)

SELECT count(*) AS removed FROM removed
