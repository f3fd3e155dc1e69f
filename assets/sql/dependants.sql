-- What hangs on the table that owns the name, as (kind, name, definition, state). $1 the name, $2 the source's OID.
SELECT 'trigger', t.tgname::text, pg_get_triggerdef(t.oid), t.tgenabled::text
FROM pg_trigger t
WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND t.tgname !~ '^quarterdeck_'
UNION ALL
SELECT 'view', format('%s.%s', n.nspname, v.relname), rtrim(pg_get_viewdef(v.oid), ';'), ''
FROM pg_class v
JOIN pg_namespace n ON n.oid = v.relnamespace
JOIN pg_rewrite w ON w.ev_class = v.oid
WHERE v.relkind = 'v'
  AND EXISTS (SELECT FROM pg_depend d
              WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1))
UNION ALL
SELECT 'foreign key', con.conname::text, regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', ''), ''
FROM pg_constraint con
WHERE con.conrelid = $2 AND con.contype = 'f' AND con.conparentid = 0
