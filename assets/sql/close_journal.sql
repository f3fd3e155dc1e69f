DO {quote}
-- Default privileges may have given rights away on what is made in the journal's schema: nobody but the owner keeps any.
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('REVOKE ALL ON %s FROM %s', made.what,
                      CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END)
        FROM (SELECT 'TABLE ' || c.oid::regclass AS what, c.relname::text AS name, c.relowner AS owner, c.relacl AS rights
              FROM pg_class c WHERE c.relnamespace = 'quarterdeck'::regnamespace AND c.relkind IN ('r', 'S')
              UNION ALL
              SELECT 'FUNCTION ' || p.oid::regprocedure, p.proname::text, p.proowner, p.proacl
              FROM pg_proc p WHERE p.pronamespace = 'quarterdeck'::regnamespace
              UNION ALL
              SELECT 'SCHEMA quarterdeck', '', n.nspowner, n.nspacl FROM pg_namespace n WHERE n.nspname = 'quarterdeck') made,
             aclexplode(made.rights) acl
        WHERE acl.grantee <> made.owner AND strpos(made.name, {part}) > 0
        GROUP BY made.what, acl.grantee
    LOOP
        EXECUTE statement;
    END LOOP;
END
{quote}
