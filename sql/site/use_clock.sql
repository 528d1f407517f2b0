-- Makes the site's clock the session's or the transaction's, so that timestamptz::timestamp is on it, as AT TIME ZONE costs
-- 3 us for each row; and changes other settings with it.
-- params: settings jsonb, is_local bool
-- returns: set_config text
SELECT set_config('TimeZone', timezone, $2::bool) FROM site
UNION ALL
SELECT set_config(key, value, $2::bool) FROM jsonb_each_text($1::jsonb)
