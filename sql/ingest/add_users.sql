-- Notes the users of the staged rows, so that nobody has to look through the rows for them.
-- params:
-- returns:
INSERT INTO users (user_id)
SELECT DISTINCT user_id FROM staging WHERE user_id <> ''
ON CONFLICT DO NOTHING
