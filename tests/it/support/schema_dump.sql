WITH RECURSIVE target AS (
    SELECT c.*, c.oid AS id FROM pg_class c WHERE c.oid = $1::text::regclass
),
-- every index, constraint, trigger, column … of the table, as the catalogue and number that pg_description knows it by
part (catalogue, id, name) AS (
    SELECT 'pg_class'::regclass, indexrelid, 'index ' || indexrelid::regclass FROM pg_index, target WHERE indrelid = id
    UNION ALL
    SELECT 'pg_constraint'::regclass, o.oid, 'constraint ' || conname FROM pg_constraint o, target WHERE conrelid = id
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 'trigger ' || tgname FROM pg_trigger t, target WHERE tgrelid = id AND NOT tgisinternal
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, 'policy ' || polname FROM pg_policy p, target WHERE polrelid = id
    UNION ALL
    SELECT 'pg_rewrite'::regclass, r.oid, 'rule ' || rulename FROM pg_rewrite r, target WHERE ev_class = id
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid, 'statistics ' || stxname FROM pg_statistic_ext s, target WHERE stxrelid = id
),
above (id) AS (
    SELECT r.ev_class FROM target
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = target.id AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> target.id
    UNION
    SELECT r.ev_class FROM above
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = above.id AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> above.id
),
views AS (
    SELECT v.* FROM pg_class v WHERE v.oid IN (SELECT id FROM above)
),
line (words) AS (
    SELECT format('table %s kind %s persistence %s owner %s method %s tablespace %s options %s toast %s rls %s force %s identity %s',
        id::regclass, relkind, relpersistence, pg_get_userbyid(relowner),
        (SELECT amname FROM pg_am a WHERE a.oid = relam), (SELECT spcname FROM pg_tablespace s WHERE s.oid = reltablespace),
        (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o),
        (SELECT array_agg(o ORDER BY o) FROM pg_class x, unnest(x.reloptions) o WHERE x.oid = target.reltoastrelid),
        relrowsecurity, relforcerowsecurity, relreplident)
    FROM target
    UNION ALL
    SELECT format('partition key %s', pg_get_partkeydef(id)) FROM target WHERE relkind = 'p'
    UNION ALL
    SELECT format('child %s %s', i.inhrelid::regclass, pg_get_expr(k.relpartbound, k.oid))
    FROM target JOIN pg_inherits i ON i.inhparent = id JOIN pg_class k ON k.oid = i.inhrelid
    UNION ALL
    SELECT format('parent %s', i.inhparent::regclass) FROM target JOIN pg_inherits i ON i.inhrelid = id
    UNION ALL
    SELECT format('column %s %I %s collation %s not null %s default %s identity %s generated %s storage %s compression %s statistics %s options %s',
        to_char(row_number() OVER (ORDER BY attnum), 'FM0000'), attname, format_type(atttypid, atttypmod),
        (SELECT collname FROM pg_collation o WHERE o.oid = attcollation), attnotnull, pg_get_expr(adbin, adrelid),
        attidentity, attgenerated, attstorage, attcompression, coalesce(attstattarget, -1), attoptions)
    FROM target JOIN pg_attribute ON attrelid = id AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT format('constraint %I %s validated %s local %s inherited %s', conname, pg_get_constraintdef(o.oid), convalidated, conislocal, coninhcount)
    FROM target JOIN pg_constraint o ON conrelid = id
    UNION ALL
    SELECT format('referenced by %s %I %s validated %s', conrelid::regclass, conname, pg_get_constraintdef(o.oid), convalidated)
    FROM target JOIN pg_constraint o ON confrelid = id AND contype = 'f'
    UNION ALL
    SELECT format('index %s %s primary %s valid %s ready %s clustered %s identity %s tablespace %s', indexrelid::regclass,
        pg_get_indexdef(indexrelid), indisprimary, indisvalid, indisready, indisclustered, indisreplident,
        (SELECT spcname FROM pg_class x JOIN pg_tablespace s ON s.oid = x.reltablespace WHERE x.oid = indexrelid))
    FROM target JOIN pg_index ON indrelid = id
    UNION ALL
    SELECT format('trigger %I enabled %s %s', tgname, tgenabled, pg_get_triggerdef(t.oid))
    FROM target JOIN pg_trigger t ON tgrelid = id AND NOT tgisinternal
    UNION ALL
    SELECT format('system trigger of %s %s enabled %s', (SELECT conname FROM pg_constraint o WHERE o.oid = tgconstraint), tgfoid::regproc, tgenabled)
    FROM target JOIN pg_trigger t ON tgrelid = id AND tgisinternal
    UNION ALL
    SELECT format('grant %s to %s grantable %s by %s', privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END,
        is_grantable, pg_get_userbyid(grantor))
    FROM target, aclexplode(coalesce(relacl, acldefault('r', relowner)))
    UNION ALL
    SELECT format('grant %s (%I) to %s grantable %s', privilege_type, attname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, is_grantable)
    FROM target JOIN pg_attribute ON attrelid = id AND attnum > 0 AND NOT attisdropped, aclexplode(attacl)
    UNION ALL
    SELECT format('comment on column %I: %s', attname, description)
    FROM target JOIN pg_description ON objoid = id AND classoid = 'pg_class'::regclass AND objsubid > 0
    JOIN pg_attribute ON attrelid = id AND attnum = objsubid
    UNION ALL
    SELECT format('comment on table: %s', description)
    FROM target JOIN pg_description ON objoid = id AND classoid = 'pg_class'::regclass AND objsubid = 0
    UNION ALL
    SELECT format('comment on %s: %s', part.name, description)
    FROM part JOIN pg_description ON objoid = part.id AND classoid = part.catalogue
    UNION ALL
    SELECT format('view %s kind %s owner %s options %s rights %s: %s', v.oid::regclass, relkind, pg_get_userbyid(relowner), reloptions,
        (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a), pg_get_viewdef(v.oid))
    FROM views v
    UNION ALL
    SELECT format('rule %s', pg_get_ruledef(r.oid)) FROM target JOIN pg_rewrite r ON ev_class = id
    UNION ALL
    SELECT format('policy %I %s permissive %s roles %s using %s check %s', polname, polcmd, polpermissive,
        (SELECT array_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r)::text END ORDER BY 1) FROM unnest(polroles) r),
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM target JOIN pg_policy ON polrelid = id
    UNION ALL
    SELECT format('published in %I: %s', pubname, to_jsonb(p) - ARRAY['pubname', 'schemaname', 'tablename'])
    FROM target JOIN pg_namespace n ON n.oid = relnamespace
    JOIN pg_publication_tables p ON p.schemaname = nspname AND p.tablename = relname
    UNION ALL
    SELECT format('statistics %s owner %s target %s', pg_get_statisticsobjdef(s.oid), pg_get_userbyid(stxowner), nullif(stxstattarget::int, -1))
    FROM target JOIN pg_statistic_ext s ON stxrelid = id
    UNION ALL
    SELECT format('statistics target %s of column %s of index %s', a.attstattarget, a.attnum, i.indexrelid::regclass)
    FROM target JOIN pg_index i ON indrelid = id JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attstattarget >= 0
    UNION ALL
    SELECT format('column %s of view %s: rights %s default %s comment %s', attname, v.oid::regclass, attacl, pg_get_expr(adbin, adrelid),
        col_description(attrelid, attnum))
    FROM views v JOIN pg_attribute ON attrelid = v.oid AND attnum > 0 LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT format('comment on view %s: %s', oid::regclass, obj_description(oid, 'pg_class')) FROM views
    UNION ALL
    SELECT format('sequence %s of column %s kind %s: %s owner %s rights %s comment %s', d.objid::regclass,
        (SELECT attname FROM pg_attribute WHERE attrelid = id AND attnum = d.refobjsubid), d.deptype, (q.*)::text,
        (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = d.objid), (SELECT relacl FROM pg_class WHERE oid = d.objid),
        obj_description(d.objid, 'pg_class'))
    FROM target JOIN pg_depend d ON d.refobjid = id AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN LATERAL (SELECT seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle FROM pg_sequence WHERE seqrelid = d.objid) q ON true
)
SELECT words FROM line ORDER BY words COLLATE "C"
