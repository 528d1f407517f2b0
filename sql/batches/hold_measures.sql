-- Keeps only those measures as held that the remaining loads brought values of. Tells those that are held no more.
-- params:
-- returns: measure text
UPDATE measure SET is_held = false
WHERE is_held
    AND measure NOT IN (SELECT unnest(measures) FROM load_batch WHERE unloaded_at IS NULL)
    AND EXISTS (SELECT FROM load_batch WHERE measure.measure = ANY (load_batch.measures))
RETURNING measure
