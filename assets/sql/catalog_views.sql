-- Plain views that read the table themselves; a view over such a view follows it unasked. $1 the table's OID.
SELECT n.nspname::text,
       v.relname::text,
       rtrim(pg_get_viewdef(v.oid), ';') AS definition,
       coalesce(v.reloptions, '{}') AS options
FROM pg_class v
JOIN pg_namespace n ON n.oid = v.relnamespace
JOIN pg_rewrite w ON w.ev_class = v.oid AND w.rulename = '_RETURN'
WHERE v.relkind = 'v'
  AND EXISTS (SELECT FROM pg_depend d
              WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1)
ORDER BY 1, 2
