-- Around a query that gives one row more than the limit, $2: a page of rows as a JSON array, and where the next begins.
-- params: those of the query
-- returns: data_version int8, data_version_id uuid, body text, next_after int8
WITH answer AS (
    --query--
),

page AS (
    SELECT * FROM answer ORDER BY index LIMIT $2::int8
)

SELECT
    site.data_version,
    site.data_version_id,
    (SELECT '[' || string_agg(row_to_json(page)::text, ',') || ']' FROM page) AS body,
    CASE WHEN (SELECT count(*) FROM answer) > $2::int8 THEN (SELECT max(index) FROM page) END AS next_after
FROM site
