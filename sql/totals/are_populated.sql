-- Whether all views have data. A restore may leave some without, which cannot be read then.
-- params:
-- returns: are_populated bool
SELECT bool_and(relispopulated) AS are_populated
FROM pg_class
WHERE oid IN (
    'hourly_closed'::regclass,
    'hourly_recent'::regclass,
    'daily_closed'::regclass,
    'daily_recent'::regclass,
    'monthly_closed'::regclass
)
