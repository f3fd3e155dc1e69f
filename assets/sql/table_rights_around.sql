-- Referenced tables and views that the connecting role lacks rights for: (is a view, schema, name). $1 the table's OID.
-- LOCK TABLE … SHARE ROW EXCLUSIVE asks for one of three rights, ADD FOREIGN KEY for REFERENCES.
SELECT false, n.nspname::text, r.relname::text
FROM pg_class r
JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE r.oid IN (SELECT confrelid FROM pg_constraint WHERE conrelid = $1 AND contype = 'f')
  AND NOT (has_table_privilege(r.oid, 'UPDATE, DELETE, TRUNCATE') AND has_any_column_privilege(r.oid, 'REFERENCES'))
UNION ALL
SELECT true, n.nspname::text, v.relname::text
FROM pg_class v
JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE v.relkind = 'v' AND NOT pg_has_role(v.relowner, 'USAGE')
  AND v.oid IN (SELECT w.ev_class FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1)
ORDER BY 1, 2, 3
