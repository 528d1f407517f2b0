-- Notes a file under another name.
-- params: batch_id int4, file_name text
-- returns:
UPDATE load_batch SET file_name = $2::text WHERE batch_id = $1::int4
