-- What is kept of each load that failed and that may tell an id.
-- params:
-- returns: attempt text, file_name text, source text, rejected int8, reasons text, reason text
SELECT attempt, file_name, source, rejected, rejected_by_reason::text AS reasons, reason
FROM failed_load
ORDER BY failed_at
