-- Rights as GRANT statements with {} for the table's name. $1 the table's OID.
-- A right given by somebody else than the owner, or one the owner lacks, is not here but in catalog_hangers.sql.
WITH rights AS (
    SELECT 0 AS place, ''::text AS columns, acl.*
    FROM pg_class c, aclexplode(c.relacl) acl
    WHERE c.oid = $1 AND acl.grantee <> c.relowner
    UNION ALL
    SELECT a.attnum, format(' (%I)', a.attname), acl.*
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) acl
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND acl.grantee <> c.relowner
)
SELECT format('GRANT %s ON TABLE {} TO %s%s',
              string_agg(privilege_type || columns, ', ' ORDER BY privilege_type),
              CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM rights
GROUP BY place, grantee, is_grantable
ORDER BY place, grantee, is_grantable
