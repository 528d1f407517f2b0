-- What a clock shows, and when. The one place where a local time, such as a midnight, becomes an instant.

-- The change of a clock that skips a local time: searched, as Postgres takes that time for another one, shortly after it.
CREATE FUNCTION clock_change(local timestamp, timezone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE search AS (
        SELECT taken.utc - (taken.utc AT TIME ZONE 'UTC' AT TIME ZONE $2 - $1) AS before, taken.utc AS after
        FROM (SELECT $1 AT TIME ZONE $2 AT TIME ZONE 'UTC' AS utc) AS taken
        UNION ALL
        SELECT
            CASE WHEN half.is_after THEN half.before ELSE half.way END,
            CASE WHEN half.is_after THEN half.way ELSE half.after END
        FROM (
            SELECT halved.*, halved.way AT TIME ZONE 'UTC' AT TIME ZONE $2 >= $1 AS is_after
            FROM (SELECT before, after, before + (after - before) / 2 AS way FROM search) AS halved
        ) AS half
        WHERE half.after - half.before > interval '1 microsecond'
    )

    SELECT min(after) AT TIME ZONE 'UTC' FROM search;
END;

-- The first instant at which a clock shows a local time or a later one: of a doubled time the first, of a skipped time the
-- change. Of a doubled time AT TIME ZONE alone gives the second. Reckoned in UTC: a day's length depends on the session.
CREATE FUNCTION earliest_instant(local timestamp, timezone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        CASE
            WHEN taken.utc AT TIME ZONE 'UTC' AT TIME ZONE $2 <> $1 THEN clock_change($1, $2)
            WHEN earlier.utc < taken.utc AND earlier.utc AT TIME ZONE 'UTC' AT TIME ZONE $2 = $1
                THEN earlier.utc AT TIME ZONE 'UTC'
            ELSE taken.utc AT TIME ZONE 'UTC'
        END
    FROM (SELECT $1 AT TIME ZONE $2 AT TIME ZONE 'UTC' AS utc) AS taken
    -- The same local time by the offset of the day before.
    CROSS JOIN LATERAL (
        SELECT
            taken.utc - interval '24 hours'
            + ($1 - (taken.utc - interval '24 hours') AT TIME ZONE 'UTC' AT TIME ZONE $2) AS utc
    ) AS earlier;
END;

-- From when on an hour lies in the future: a day from now, so that clocks that go wrong a little do no harm.
CREATE FUNCTION future_since() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT now() + interval '24 hours';
END;

-- An instant as answers show it: on the clock of the session, without or with its offset, or in UTC.
CREATE FUNCTION shown_time(at timestamptz, times text) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        CASE $2
            WHEN 'local' THEN to_json($1::timestamp)
            WHEN 'offset' THEN to_json($1)
            WHEN 'utc' THEN to_json((to_json($1 AT TIME ZONE 'UTC') #>> '{}') || 'Z')
        END;
END;
