-- Adds the rows of every hour up again. Into a table of its own first: Postgres does not share an INSERT among its workers.
-- params:
-- returns:
CREATE TEMPORARY TABLE sum_of_hour ON COMMIT DROP AS
SELECT
    date_from,
    coalesce(sum(synthetic_3_6_kwh), 0) AS synthetic_3_6_kwh,
    coalesce(sum(synthetic_7_2_kwh), 0) AS synthetic_7_2_kwh,
    coalesce(sum(flex_3_6_kwh), 0) AS flex_3_6_kwh,
    coalesce(sum(flex_7_2_kwh), 0) AS flex_7_2_kwh
FROM hourly_load
GROUP BY date_from;
DELETE FROM hourly_sum;
INSERT INTO hourly_sum (hour, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh)
SELECT date_from, synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
FROM sum_of_hour
ORDER BY date_from;
