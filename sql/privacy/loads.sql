-- The files that were ever loaded, and how many rows of each were rejected.
-- params:
-- returns: batch_id int4, file_name text, rejected int8
SELECT batch_id, file_name, rejected FROM load_batch ORDER BY batch_id
