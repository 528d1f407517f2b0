-- The site's time zone, the version of the data, whether there is any, and the measures that are held.
-- params:
-- returns: timezone text, data_version int8, data_version_id uuid, is_empty bool, measures text[]
SELECT
    timezone,
    data_version,
    data_version_id,
    NOT EXISTS (SELECT FROM hourly_totals) AS is_empty,
    array(SELECT measure FROM measure WHERE is_held ORDER BY rank) AS measures
FROM site
