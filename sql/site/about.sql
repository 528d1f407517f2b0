-- What the site has: its clock, its hours, the measures that any row had, whether there are sessions, and whether it is the sample.
-- params:
-- returns: timezone text, first_hour timestamptz, last_hour timestamptz, latest_hour timestamptz, measures text[],
--     has_sessions bool, is_sample bool
SELECT
    site.timezone,
    observed.first_hour,
    observed.last_hour,
    site.latest_hour,
    array(SELECT measure FROM measure WHERE is_held ORDER BY rank) AS measures,
    site.stored_sessions > 0 AS has_sessions,
    EXISTS (SELECT FROM load_batch WHERE is_sample AND unloaded_at IS NULL) AS is_sample
FROM site
CROSS JOIN (SELECT min(hour) AS first_hour, max(hour) AS last_hour FROM hourly_totals) AS observed
WHERE observed.first_hour IS NOT NULL
