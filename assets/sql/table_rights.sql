-- What the connecting role, or the owner, may do about a table. $1 its OID.
SELECT pg_has_role(c.relowner, 'USAGE') AS owns,
       c.relowner = role.oid OR role.rolsuper
           OR pg_has_role(c.relowner, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
           AS may_give,
       has_schema_privilege(c.relnamespace, 'CREATE')
           AND (role.rolsuper OR has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')) AS may_create,
       ARRAY(SELECT word FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER']) AS word
             WHERE NOT has_table_privilege(c.oid, word)) AS lacks,
       role.rolsuper OR role.rolbypassrls AS bypasses,
       ARRAY(SELECT p.pubname::text FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
             WHERE r.prrelid = c.oid AND NOT pg_has_role(p.pubowner, 'USAGE') ORDER BY 1) AS publications,
       ARRAY(SELECT s.spcname::text FROM pg_tablespace s
             WHERE s.oid IN (SELECT reltablespace FROM pg_class
                             WHERE oid = c.oid OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = c.oid))
               AND NOT has_tablespace_privilege(s.oid, 'CREATE') ORDER BY 1) AS tablespaces
FROM pg_class c, pg_roles role
WHERE c.oid = $1 AND role.rolname = current_user
