-- How large the write-ahead log is, for monitoring.

-- Null where the role may not see it: what a function in PL/pgSQL does not come to needs no rights.
CREATE FUNCTION wal_bytes()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    IF has_function_privilege('pg_ls_waldir()', 'EXECUTE') THEN
        RETURN (SELECT sum(size) FROM pg_ls_waldir());
    END IF;
    RETURN NULL;
END;
$$;
