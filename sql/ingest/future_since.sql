-- From when on an hour lies in the future, and the site's clock.
-- params:
-- returns: future_since timestamptz, timezone text
SELECT future_since() AS future_since, timezone FROM site
