-- The data version.
-- params:
-- returns: data_version int8
SELECT data_version FROM site
