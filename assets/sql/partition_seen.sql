-- All that a change made under locks was decided by, of some tables, as one text: names, columns, indexes, constraints, rights,
-- partitions. $1 their OIDs.
SELECT md5(string_agg(line, E'\n' ORDER BY line))
FROM (
    SELECT concat_ws('|', 'table', c.oid, c.relname, c.relnamespace, c.relkind, c.relpersistence, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
                     c.relreplident, c.reltablespace, c.reloptions, pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid, 'pg_class')) AS line
    FROM pg_class c WHERE c.oid = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'column', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attidentity, a.attstorage, a.attcompression,
                     a.attisdropped, a.attstattarget, a.attoptions, a.attacl, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = ANY ($1) AND a.attnum > 0
    UNION ALL
    SELECT concat_ws('|', 'index', i.indexrelid, x.relname, i.indisvalid, i.indisreplident, pg_get_indexdef(i.indexrelid))
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'constraint', con.oid, con.conname, con.convalidated, pg_get_constraintdef(con.oid))
    FROM pg_constraint con WHERE con.conrelid = ANY ($1) OR con.confrelid = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'trigger', t.oid, t.tgname, t.tgenabled) FROM pg_trigger t WHERE t.tgrelid = ANY ($1) AND NOT t.tgisinternal
    UNION ALL
    SELECT concat_ws('|', 'policy', p.oid, p.polname) FROM pg_policy p WHERE p.polrelid = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'rule', r.oid, r.rulename) FROM pg_rewrite r WHERE r.ev_class = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'read by', d.objid) FROM pg_depend d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1) AND d.classid = 'pg_rewrite'::regclass
    UNION ALL
    SELECT concat_ws('|', 'statistics', s.oid) FROM pg_statistic_ext s WHERE s.stxrelid = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'partition', h.inhrelid, h.inhparent, h.inhdetachpending) FROM pg_inherits h
    WHERE h.inhparent = ANY ($1) OR h.inhrelid = ANY ($1)
    UNION ALL
    SELECT concat_ws('|', 'published', r.prpubid, r.prrelid) FROM pg_publication_rel r WHERE r.prrelid = ANY ($1)
) lines
