-- Takes out the sessions that were plugged in before a day of the site's calendar, and what does not show of them.
-- params: day date
-- returns: removed int8
WITH bound AS (
    SELECT earliest_instant($1::date, timezone) AS instant FROM site
),

removed AS (
    DELETE FROM charging_session WHERE plug_in_at < (SELECT instant FROM bound) RETURNING plug_in_at
),

touched AS (
    INSERT INTO touched_session_day (day) SELECT DISTINCT plug_in_at::date FROM removed
),

hidden AS (
    DELETE FROM hidden_session WHERE plug_in_at < (SELECT instant FROM bound)
)

SELECT count(*) AS removed FROM removed
