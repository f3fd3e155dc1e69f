DO {quote}
-- Default privileges may have given rights away: nobody but the owner keeps any.
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('REVOKE ALL ON TABLE %s FROM %s', c.oid::regclass,
                      CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END)
        FROM pg_class c, aclexplode(c.relacl) acl
        WHERE acl.grantee <> c.relowner
          AND (c.oid = {table}::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = {table}::regclass))
        GROUP BY c.oid, acl.grantee
    LOOP
        EXECUTE statement;
    END LOOP;
END
{quote}
