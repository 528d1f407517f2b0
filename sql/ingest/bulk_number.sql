-- Counts equal keys over the whole table, in the order of their values: a file is a multiset, whatever the order of its rows.
-- params:
-- returns:
UPDATE hourly_load AS stored SET occurrence = numbered.occurrence
FROM (
    SELECT
        index,
        row_number() OVER (
            PARTITION BY user_id, date_from, session_id
            ORDER BY location_id, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh
        ) - 1 AS occurrence
    FROM hourly_load
    WHERE (user_id, date_from, session_id) IN (
        SELECT user_id, date_from, session_id
        FROM hourly_load
        GROUP BY user_id, date_from, session_id
        HAVING count(*) > 1
    )
) AS numbered
WHERE stored.index = numbered.index AND stored.occurrence <> numbered.occurrence
