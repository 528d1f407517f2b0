-- Between which observed hours there is at least an hour without a row, from the first to the last hour of a file.
-- params: hours timestamptz[]
-- returns: last_before timestamptz, first_after timestamptz
WITH of_file AS (
    SELECT unnest($1::timestamptz[]) AS hour
),

observed AS (
    SELECT hour FROM of_file
    UNION
    SELECT hour FROM hourly_sum
    WHERE hour BETWEEN (SELECT min(hour) FROM of_file) AND (SELECT max(hour) FROM of_file)
)

SELECT last_before, first_after
FROM (SELECT hour AS last_before, lead(hour) OVER (ORDER BY hour) AS first_after FROM observed) AS neighbours
WHERE first_after >= last_before + interval '2 hours'
