-- Keeps of a load that failed what tells an id no more.
-- params: attempt text, file_name text, reasons jsonb, reason text
-- returns:
UPDATE failed_load SET file_name = $2::text, rejected_by_reason = $3::jsonb, reason = $4::text WHERE attempt = $1::text
