-- Of the tables, views and functions that the schema has, those that are not there, and the views that were never filled.
-- params: names text[]
-- returns: name text, is_there bool
SELECT wanted.name, relation.oid IS NOT NULL AS is_there
FROM unnest($1::text[]) AS wanted (name)
LEFT JOIN pg_class AS relation ON relation.oid = to_regclass(wanted.name)
WHERE NOT relation.relispopulated
    OR (
        relation.oid IS NULL
        AND NOT EXISTS (
            SELECT FROM pg_proc AS called
            WHERE called.proname = wanted.name AND pg_function_is_visible(called.oid)
        )
    )
