-- The site's time zone and the version of the data.
-- params:
-- returns: timezone text, data_version int8, changed_at timestamptz
SELECT timezone, data_version, changed_at FROM site
