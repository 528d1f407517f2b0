-- Around a query that is served: its rows as a JSON array, and the data version they belong to, from one snapshot.
-- params: those of the query
-- returns: data_version int8, data_version_id uuid, body text
WITH answer AS (
    --query--
)

SELECT site.data_version, site.data_version_id, (SELECT '[' || string_agg(row_to_json(answer)::text, ',') || ']' FROM answer) AS body
FROM site
