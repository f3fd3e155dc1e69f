-- What a partition has that its parent has not, or is otherwise than its siblings: it would be lost with the partition.
-- $1 the OID of a partitioned table; of any other no row comes.
WITH part AS (
    SELECT p.*, parent.relowner AS parent_owner, parent.relreplident AS parent_identity, i.inhdetachpending,
           coalesce(p.reloptions, '{}') || ARRAY(SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = p.reltoastrelid) AS options
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE i.inhparent = $1 AND parent.relkind = 'p'
)
SELECT oid::regclass::text AS part, CASE relkind WHEN 'p' THEN 'is partitioned itself' WHEN 'f' THEN 'is a foreign table' ELSE 'is no table' END AS what
FROM part WHERE relkind <> 'r'
UNION ALL SELECT oid::regclass::text, 'is being detached' FROM part WHERE inhdetachpending
UNION ALL SELECT oid::regclass::text, 'is not logged' FROM part WHERE relpersistence <> 'p'
UNION ALL SELECT oid::regclass::text, 'is not a heap' FROM part
WHERE relkind = 'r' AND relam <> (SELECT oid FROM pg_am WHERE amname = 'heap')
UNION ALL SELECT oid::regclass::text, 'belongs to ' || pg_get_userbyid(relowner) FROM part WHERE relowner <> parent_owner
UNION ALL SELECT oid::regclass::text, 'lies in another tablespace' FROM part WHERE reltablespace <> 0
UNION ALL SELECT oid::regclass::text, 'has another replica identity' FROM part WHERE relreplident <> parent_identity
UNION ALL SELECT oid::regclass::text, 'has row level security of its own' FROM part WHERE relrowsecurity OR relforcerowsecurity
UNION ALL SELECT oid::regclass::text, 'has other storage settings than the rest' FROM part
WHERE options <> (SELECT p.options FROM part p ORDER BY p.relname DESC LIMIT 1)
UNION ALL
SELECT part.oid::regclass::text, format('gives %s to %s', acl.privilege_type, CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(acl.grantee)::text END)
FROM part, aclexplode(part.relacl) acl WHERE acl.grantee <> part.relowner
UNION ALL
SELECT part.oid::regclass::text, 'has a trigger of its own, ' || t.tgname
FROM part JOIN pg_trigger t ON t.tgrelid = part.oid WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgname !~ '^quarterdeck_'
UNION ALL
SELECT part.oid::regclass::text, 'has a constraint of its own, ' || con.conname
FROM part JOIN pg_constraint con ON con.conrelid = part.oid
WHERE con.contype IN ('c', 'f') AND con.conparentid = 0 AND con.coninhcount = 0
UNION ALL
SELECT part.oid::regclass::text, 'has an index of its own, ' || x.relname
FROM part JOIN pg_index i ON i.indrelid = part.oid JOIN pg_class x ON x.oid = i.indexrelid
WHERE NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
UNION ALL
SELECT part.oid::regclass::text, 'has statistics of its own, ' || s.stxname FROM part JOIN pg_statistic_ext s ON s.stxrelid = part.oid
WHERE NOT EXISTS (SELECT FROM pg_statistic_ext same
                  WHERE same.stxrelid = $1 AND same.stxkind = s.stxkind
                    AND pg_get_statisticsobjdef_columns(same.oid) = pg_get_statisticsobjdef_columns(s.oid))
UNION ALL
SELECT part.oid::regclass::text, 'is in the publication ' || p.pubname
FROM part JOIN pg_publication_rel r ON r.prrelid = part.oid JOIN pg_publication p ON p.oid = r.prpubid
UNION ALL
SELECT part.oid::regclass::text, 'is referenced by the foreign key ' || con.conname
FROM part JOIN pg_constraint con ON con.confrelid = part.oid AND con.contype = 'f' AND con.conparentid = 0
UNION ALL
SELECT DISTINCT part.oid::regclass::text, 'is read by ' || w.ev_class::regclass
FROM part JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = part.oid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite w ON w.oid = d.objid
ORDER BY 1, 2
