-- What the connecting role, or the owner, may do about a table. $1 its OID.
SELECT pg_has_role(c.relowner, 'USAGE') AS owns,
       c.relowner = role.oid OR role.rolsuper
           OR pg_has_role(c.relowner, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
           AS may_give,
       has_schema_privilege(c.relnamespace, 'CREATE')
           AND (role.rolsuper OR has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')) AS may_create,
       ARRAY(SELECT word FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER']) AS word
             WHERE NOT has_table_privilege(c.oid, word)) AS lacks
FROM pg_class c, pg_roles role
WHERE c.oid = $1 AND role.rolname = current_user
