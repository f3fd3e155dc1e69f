-- What is in the way of moving rows out of DEFAULT, in words: it would be lost with what DEFAULT is now, or the move would be noticed.
-- $1 the table's OID, $2 its DEFAULT's.
SELECT 'the foreign key ' || con.conname || ' of ' || con.conrelid::regclass || ' leads to the table' AS why
FROM pg_constraint con WHERE con.confrelid IN ($1, $2) AND con.contype = 'f' AND con.conparentid = 0
UNION ALL
SELECT 'DEFAULT has a trigger of its own, ' || t.tgname
FROM pg_trigger t WHERE t.tgrelid = $2 AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT 'DEFAULT has its own say when a trigger fires, ' || t.tgname
FROM pg_trigger t JOIN pg_trigger parent ON parent.oid = t.tgparentid WHERE t.tgrelid = $2 AND t.tgenabled <> parent.tgenabled
UNION ALL
SELECT 'DEFAULT has a rule, ' || r.rulename FROM pg_rewrite r WHERE r.ev_class = $2
UNION ALL
SELECT 'DEFAULT is ' || CASE WHEN c.relkind = 'f' THEN 'a foreign table' WHEN c.relkind = 'p' THEN 'partitioned itself' ELSE 'not logged' END
FROM pg_class c WHERE c.oid = $2 AND (c.relkind <> 'r' OR c.relpersistence <> 'p')
UNION ALL
SELECT 'row level security is forced on DEFAULT' FROM pg_class c WHERE c.oid = $2 AND c.relforcerowsecurity
UNION ALL
SELECT 'DEFAULT has an index of its own, ' || i.indexrelid::regclass FROM pg_index i
WHERE i.indrelid = $2 AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
UNION ALL
SELECT 'index ' || i.indexrelid::regclass || ' of DEFAULT has settings, or a comment, of its own' FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = $2 AND (i.indisclustered OR obj_description(x.oid, 'pg_class') IS NOT NULL
                           OR x.reloptions IS DISTINCT FROM (SELECT p.reloptions FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = x.oid))
UNION ALL
SELECT 'constraint ' || con.conname || ' of DEFAULT has a comment' FROM pg_constraint con
WHERE con.conrelid = $2 AND obj_description(con.oid, 'pg_constraint') IS NOT NULL
UNION ALL
SELECT 'DEFAULT has a constraint of its own, ' || con.conname FROM pg_constraint con
WHERE con.conrelid = $2 AND con.contype IN ('c', 'f') AND con.conparentid = 0 AND con.coninhcount = 0
UNION ALL
SELECT 'DEFAULT has statistics of its own, ' || s.stxname FROM pg_statistic_ext s
WHERE s.stxrelid = $2 AND NOT EXISTS (SELECT FROM pg_statistic_ext same WHERE same.stxrelid = $1 AND same.stxkind = s.stxkind
                                      AND pg_get_statisticsobjdef_columns(same.oid) = pg_get_statisticsobjdef_columns(s.oid))
UNION ALL
SELECT DISTINCT 'DEFAULT is read by ' || w.ev_class::regclass
FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $2 AND d.classid = 'pg_rewrite'::regclass AND w.ev_class <> $2
UNION ALL
SELECT 'a sequence belongs to DEFAULT, ' || d.objid::regclass
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $2 AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
UNION ALL
SELECT 'column ' || mine.attname || ' of DEFAULT is otherwise than the table''s'
FROM pg_attribute mine
JOIN pg_attribute parent ON parent.attrelid = $1 AND parent.attname = mine.attname AND NOT parent.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = mine.attrelid AND d.adnum = mine.attnum
LEFT JOIN pg_attrdef p ON p.adrelid = parent.attrelid AND p.adnum = parent.attnum
WHERE mine.attrelid = $2 AND mine.attnum > 0 AND NOT mine.attisdropped
  AND ((mine.attnotnull, mine.attstorage, mine.attcompression) IS DISTINCT FROM (parent.attnotnull, parent.attstorage, parent.attcompression)
       OR pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM pg_get_expr(p.adbin, p.adrelid)
       OR mine.attacl IS NOT NULL OR col_description(mine.attrelid, mine.attnum) IS NOT NULL)
UNION ALL
-- Tables that nobody knows change places: only to a publication that names the table, and sends all under its name, is it nothing.
SELECT 'the publication ' || p.pubname || ' would send other partitions'
FROM pg_publication p
WHERE (p.puballtables OR EXISTS (SELECT FROM pg_publication_tables t JOIN pg_class c ON c.relname = t.tablename
                                 JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = t.schemaname
                                 WHERE t.pubname = p.pubname AND c.oid IN ($1, $2)))
  AND NOT (p.pubviaroot AND EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = $1))
ORDER BY 1
