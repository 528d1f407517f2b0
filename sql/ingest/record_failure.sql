-- The record of a load that failed, once for each attempt.
-- params: attempt text, file_name text, source text, reason text, rejected int8, rejected_by_reason jsonb
-- returns:
INSERT INTO failed_load (attempt, file_name, source, reason, rejected, rejected_by_reason)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::int8, $6::jsonb)
ON CONFLICT (attempt) DO NOTHING
