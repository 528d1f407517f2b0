-- The days that hours lie on, on the site's clock.
-- params: hours timestamptz[]
-- returns: day date
SELECT hour::date AS day FROM unnest($1::timestamptz[]) WITH ORDINALITY AS asked (hour, rank) ORDER BY rank
