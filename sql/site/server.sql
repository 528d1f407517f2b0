-- Tells of the server that answers: which process of it, whether it is a standby, and whether it writes.
-- params:
-- returns: backend_pid int4, is_standby bool, is_read_only bool
SELECT
    pg_backend_pid() AS backend_pid,
    pg_is_in_recovery() AS is_standby,
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS is_read_only
