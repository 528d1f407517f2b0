-- The site's time zone, the version of the data, and whether there is any.
-- params:
-- returns: timezone text, data_version int8, is_empty bool
SELECT timezone, data_version, NOT EXISTS (SELECT FROM hourly_totals) AS is_empty FROM site
