-- Whether any of these hours lies on another day than was told, on the site's clock.
-- params: hours timestamptz[], days date[]
-- returns: days_differ bool
SELECT EXISTS (
    SELECT FROM unnest($1::timestamptz[], $2::date[]) AS told (hour, day) WHERE hour::date <> day
) AS days_differ
