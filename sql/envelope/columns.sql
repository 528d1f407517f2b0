-- Around a query: its columns as they are shown, such as its instants as the times that were asked for.
-- params: those of the query
-- returns: those of the query
SELECT --columns--
FROM (
    --query--
) AS answered
