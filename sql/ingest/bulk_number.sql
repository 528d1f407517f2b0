-- Counts equal keys over the whole table, in the order of loading.
-- params:
-- returns:
UPDATE hourly_load AS stored SET occurrence = numbered.occurrence
FROM (
    SELECT index, row_number() OVER (PARTITION BY user_id, date_from, session_id ORDER BY index) - 1 AS occurrence
    FROM hourly_load
    WHERE (user_id, date_from, session_id) IN (
        SELECT user_id, date_from, session_id
        FROM hourly_load
        GROUP BY user_id, date_from, session_id
        HAVING count(*) > 1
    )
) AS numbered
WHERE stored.index = numbered.index AND stored.occurrence <> numbered.occurrence
