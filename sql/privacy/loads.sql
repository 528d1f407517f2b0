-- What is kept of each load of a file that may tell an id.
-- params:
-- returns: batch_id int4, file_name text, source text, rejected int8, reasons text
SELECT batch_id, file_name, source, rejected, rejected_by_reason::text AS reasons FROM load_batch ORDER BY batch_id
