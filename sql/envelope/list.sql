-- Around a query that is served: its rows as a JSON array, how many they are, and the data version they belong to.
-- A body of more bytes than the connection's setting allows stays here: it is null, and only its length is told.
-- params: those of the query
-- returns: data_version int8, data_version_id uuid, body text, body_bytes int4, rows int8
WITH answer AS (
    --query--
),

body AS (
    SELECT '[' || string_agg(row_to_json(answer)::text, ',') || ']' AS json, count(*) AS rows FROM answer
)

SELECT
    site.data_version,
    site.data_version_id,
    CASE
        WHEN octet_length(body.json) <= coalesce(current_setting('evload.max_body_bytes', true)::int8, 32000000) THEN body.json
    END AS body,
    octet_length(body.json) AS body_bytes,
    body.rows
FROM site CROSS JOIN body
