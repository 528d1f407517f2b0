-- Sets the site's time zone, as long as there are no rows.
-- params: timezone text
-- returns: timezone text
UPDATE site SET timezone = $1::text WHERE NOT EXISTS (SELECT FROM hourly_load) RETURNING timezone
