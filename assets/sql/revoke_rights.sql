-- Nobody but the owner may touch a table that does not own the name.
DO {quote}
DECLARE
    grantee regrole;
BEGIN
    FOR grantee IN
        SELECT DISTINCT acl.grantee
        FROM pg_class c
        CROSS JOIN LATERAL (
            SELECT c.relacl AS rights
            UNION ALL
            SELECT attacl FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        ) r
        CROSS JOIN LATERAL aclexplode(r.rights) acl
        WHERE c.oid = {literal}::regclass AND acl.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s CASCADE', {literal}::regclass,
                       CASE WHEN grantee::oid = 0 THEN 'PUBLIC' ELSE grantee::text END);
    END LOOP;
END
{quote}
