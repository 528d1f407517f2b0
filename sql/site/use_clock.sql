-- Makes the site's clock the session's or the transaction's, so that timestamptz::timestamp is on it, as AT TIME ZONE costs
-- more for each row; and changes other settings with it.
-- params: settings jsonb, is_local bool
-- returns: set_config text
SELECT set_config('TimeZone', timezone, $2::bool) FROM site
UNION ALL
SELECT set_config(key, value, $2::bool) FROM jsonb_each_text($1::jsonb)
-- A plan for any values cannot tell Citus which shard to ask.
WHERE NOT (key = 'plan_cache_mode' AND EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'))
