-- Referenced tables and views that the connecting role lacks rights for: (is a view, schema, name). $1 the table's OID.
-- LOCK TABLE … SHARE ROW EXCLUSIVE asks for one of three rights, ADD FOREIGN KEY for REFERENCES. VALIDATE joins both tables in
-- one snapshot only where the role may read all of both; else it looks each row up with a snapshot of its own, and fails where
-- the application has deleted row and referenced row meanwhile.
SELECT false, n.nspname::text, r.relname::text
FROM pg_class r
JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE r.oid IN (SELECT confrelid FROM pg_constraint WHERE conrelid = $1 AND contype = 'f')
  AND NOT (has_table_privilege(r.oid, 'UPDATE, DELETE, TRUNCATE') AND has_any_column_privilege(r.oid, 'REFERENCES')
           AND (NOT r.relrowsecurity OR pg_has_role(r.relowner, 'USAGE')
                OR (SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user))
           AND NOT EXISTS (SELECT FROM pg_constraint con, unnest(con.confkey) AS k
                           WHERE con.conrelid = $1 AND con.confrelid = r.oid AND NOT has_column_privilege(r.oid, k, 'SELECT')))
UNION ALL
SELECT true, n.nspname::text, v.relname::text
FROM pg_class v
JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE v.relkind = 'v' AND NOT pg_has_role(v.relowner, 'USAGE')
  AND v.oid IN (SELECT w.ev_class FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1)
ORDER BY 1, 2, 3
