-- What gives the copy the rights that others have to the rows.
-- params:
-- returns: statement text
SELECT
    format(
        'GRANT %s ON hourly_load_kept TO %s',
        granted.privilege_type,
        coalesce(quote_ident(role.rolname), 'PUBLIC')
    ) AS statement
FROM pg_class AS stored
CROSS JOIN LATERAL aclexplode(stored.relacl) AS granted
LEFT JOIN pg_roles AS role ON role.oid = granted.grantee
WHERE stored.oid = 'hourly_load'::regclass AND granted.grantee <> stored.relowner
