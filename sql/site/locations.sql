-- Every location that rows name; the empty one stands for rows that name none.
-- params:
-- returns: location_id text
SELECT DISTINCT location_id FROM user_location ORDER BY location_id
