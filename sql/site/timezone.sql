-- The site's time zone.
-- params:
-- returns: timezone text
SELECT timezone FROM site
