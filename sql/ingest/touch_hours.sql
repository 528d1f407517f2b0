-- Marks hours as changed.
-- params: hours timestamptz[]
-- returns:
INSERT INTO touched_hour (hour) SELECT unnest($1::timestamptz[]) ON CONFLICT DO NOTHING
