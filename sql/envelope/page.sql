-- Around a query that gives one row more than its limit: a page of rows as a JSON array, and where the next begins, which the
-- last column of the query says of each row.
-- params: those of the query
-- returns: data_version int8, data_version_id uuid, body text, next_after text
WITH answer AS (
    --query--
),

page AS (
    SELECT * FROM answer LIMIT --limit--::int8
)

SELECT
    site.data_version,
    site.data_version_id,
    (
        SELECT '[' || string_agg(row_to_json(shown)::text, ',') || ']'
        FROM page
        CROSS JOIN LATERAL (SELECT --fields--) AS shown
    ) AS body,
    CASE
        WHEN (SELECT count(*) FROM answer) > --limit--::int8
            THEN (SELECT next_after FROM page OFFSET --limit--::int8 - 1)
    END AS next_after
FROM site
