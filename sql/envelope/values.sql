-- Around a query of one column that is served: its values as a JSON array, and the data version they belong to.
-- params: those of the query
-- returns: data_version int8, data_version_id uuid, body text
WITH answer (value) AS (
    --query--
)

SELECT site.data_version, site.data_version_id, (SELECT '[' || string_agg(to_json(value)::text, ',') || ']' FROM answer) AS body
FROM site
