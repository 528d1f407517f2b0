-- Which parts of the views the changed hours lie in.
-- params:
-- returns: closed bool, recent bool
SELECT
    coalesce(bool_or(touched_hour.hour < site.recent_since), false) AS closed,
    coalesce(bool_or(touched_hour.hour >= site.recent_since), false) AS recent
FROM touched_hour
CROSS JOIN site
