-- The site's time zone, the version of the data, whether there is any, the measures that are held, and whether a standby says so.
-- params:
-- returns: timezone text, data_version int8, data_version_id uuid, is_empty bool, measures text[], is_standby bool
SELECT
    timezone,
    data_version,
    data_version_id,
    NOT EXISTS (SELECT FROM hourly_totals) AS is_empty,
    array(SELECT measure FROM measure WHERE is_held ORDER BY rank) AS measures,
    pg_is_in_recovery() AS is_standby
FROM site
