-- Marks the days whose hours do not all begin at the same minute: there a bit does not stand for one hour.
-- params:
-- returns:
DELETE FROM touched_user_day;
INSERT INTO touched_user_day (day, user_id)
SELECT day, user_id
FROM user_day
WHERE day IN (
    SELECT hour::date
    FROM hourly_sum
    GROUP BY 1
    HAVING count(DISTINCT hour - date_bin('1 hour', hour, '2000-01-01 00:00+00')) > 1
);
