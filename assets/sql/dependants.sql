-- What hangs on the table that owns the name, as (kind, name, definition, state). $1 the name, $2 the source's OID, $3 the
-- function of the table of ids, whose triggers are ours.
SELECT 'trigger', t.tgname::text, pg_get_triggerdef(t.oid), t.tgenabled::text
FROM pg_trigger t
WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND t.tgname !~ '^quarterdeck_'
  AND t.tgfoid IS DISTINCT FROM to_regprocedure($3)
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
SELECT 'policy', p.polname::text,
       format('AS %s FOR %s TO %s%s%s',
              CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
              (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ' ORDER BY role)
               FROM unnest(p.polroles) AS role),
              ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
              ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), ''
FROM pg_policy p
WHERE p.polrelid = to_regclass($1)
UNION ALL
SELECT 'row level security', '', format('enabled %s forced %s', relrowsecurity, relforcerowsecurity), ''
FROM pg_class
WHERE oid = to_regclass($1)
UNION ALL
SELECT 'publication', p.pubname::text, '', ''
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
WHERE r.prrelid = to_regclass($1)
UNION ALL
SELECT 'statistics object', format('%s.%s', n.nspname, s.stxname), pg_get_statisticsobjdef_columns(s.oid), ''
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxrelid = to_regclass($1)
UNION ALL
SELECT 'identity column', a.attname::text,
       format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', seqstart, seqincrement, seqmin, seqmax, seqcache,
              CASE WHEN seqcycle THEN ' CYCLE' ELSE '' END),
       a.attidentity::text
FROM pg_attribute a
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
                 AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
JOIN pg_sequence s ON s.seqrelid = d.objid
WHERE a.attrelid = to_regclass($1) AND a.attidentity <> '' AND NOT a.attisdropped
UNION ALL
SELECT 'foreign key', con.conname::text, regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', ''), ''
FROM pg_constraint con
WHERE con.conrelid = $2 AND con.contype = 'f' AND con.conparentid = 0
