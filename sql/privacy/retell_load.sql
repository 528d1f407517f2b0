-- Keeps of a load what tells an id no more.
-- params: batch_id int4, file_name text, reasons jsonb
-- returns:
UPDATE load_batch SET file_name = $2::text, rejected_by_reason = $3::jsonb WHERE batch_id = $1::int4
