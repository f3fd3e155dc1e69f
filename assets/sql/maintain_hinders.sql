-- What is in the way of moving rows out of DEFAULT, in words.
-- $1 its OID, $2 the OID of its DEFAULT or 0.
SELECT 'the foreign key ' || con.conname || ' of ' || con.conrelid::regclass || ' leads to the table' AS why
FROM pg_constraint con WHERE con.confrelid = $1 AND con.contype = 'f' AND con.conparentid = 0
UNION ALL
SELECT 'DEFAULT has a trigger of its own, ' || t.tgname
FROM pg_trigger t WHERE t.tgrelid = $2 AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT 'DEFAULT has a rule, ' || r.rulename FROM pg_rewrite r WHERE r.ev_class = $2
UNION ALL
SELECT 'DEFAULT is ' || CASE c.relkind WHEN 'f' THEN 'a foreign table' ELSE 'partitioned itself' END
FROM pg_class c WHERE c.oid = $2 AND c.relkind <> 'r'
UNION ALL
SELECT 'DEFAULT has an index of its own, ' || i.indexrelid::regclass FROM pg_index i
WHERE i.indrelid = $2 AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
UNION ALL
SELECT 'DEFAULT has a constraint of its own, ' || con.conname FROM pg_constraint con
WHERE con.conrelid = $2 AND con.contype IN ('c', 'f') AND con.conparentid = 0 AND con.coninhcount = 0
UNION ALL
SELECT 'DEFAULT has a policy of its own, ' || p.polname FROM pg_policy p WHERE p.polrelid = $2
UNION ALL
SELECT DISTINCT 'DEFAULT is read by ' || w.ev_class::regclass
FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $2 AND d.classid = 'pg_rewrite'::regclass AND w.ev_class <> $2
UNION ALL
-- The move is two detached tables' affair: only to a publication that names the table, and sends all under its name, is it nothing.
SELECT 'the publication ' || p.pubname || ' would send the move as a deletion'
FROM pg_publication p
WHERE (p.puballtables OR EXISTS (SELECT FROM pg_publication_tables t JOIN pg_class c ON c.relname = t.tablename
                                 JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = t.schemaname
                                 WHERE t.pubname = p.pubname AND c.oid IN ($1, $2)))
  AND NOT (p.pubviaroot AND EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = $1))
ORDER BY 1
