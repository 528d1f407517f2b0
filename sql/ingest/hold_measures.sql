-- Notes measures that a load brought values of. Tells those that were not held before.
-- params: measures text[]
-- returns: measure text
UPDATE measure SET is_held = true WHERE measure = ANY ($1::text[]) AND NOT is_held RETURNING measure
