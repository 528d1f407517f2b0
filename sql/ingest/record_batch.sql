-- The record of a load.
-- params: batch_id int4, file_name text, source text, file_bytes int8, sha256 text, is_sample bool, measures text[],
--     rows_read int8, inserted int8, updated int8, unchanged int8, rejected int8, coerced int8, duplicates int8,
--     sessions int8, first_hour timestamptz, last_hour timestamptz, load_seconds float8, rejected_by_reason jsonb
-- returns:
INSERT INTO load_batch (
    batch_id, file_name, source, file_bytes, sha256, is_sample, measures, rows_read, inserted, updated, unchanged,
    rejected, coerced, duplicates, sessions, first_hour, last_hour, load_seconds, rejected_by_reason
)
VALUES (
    $1::int4, $2::text, $3::text, $4::int8, $5::text, $6::bool, $7::text[], $8::int8, $9::int8, $10::int8, $11::int8,
    $12::int8, $13::int8, $14::int8, $15::int8, $16::timestamptz, $17::timestamptz, $18::float8, $19::jsonb
)
