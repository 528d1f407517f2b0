-- Makes the site's clock the session's, so that timestamptz::timestamp is on it: AT TIME ZONE costs 3 us for each row.
-- params:
-- returns: set_config text
SELECT set_config('TimeZone', timezone, false) FROM site
