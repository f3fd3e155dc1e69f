-- The indexes of a partitioned table with what its partitions make of them, then indexes of partitions that are invalid.
-- $1 its OID.
WITH leaf AS (
    SELECT tree.relid AS oid FROM pg_partition_tree($1::oid) tree JOIN pg_class c ON c.oid = tree.relid WHERE tree.isleaf AND c.relkind = 'r'
), part_of AS (
    SELECT root.indexrelid AS root, tree.relid AS oid
    FROM pg_index root, pg_partition_tree(root.indexrelid) tree
    WHERE root.indrelid = $1
)
SELECT i.indexrelid::regclass::text AS name,
       NULL::text AS of,
       i.indisvalid AS valid,
       i.indisunique OR EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = i.indexrelid) AS rules,
       ARRAY(SELECT leaf.oid::regclass::text FROM leaf
             WHERE NOT EXISTS (SELECT FROM part_of p JOIN pg_index child ON child.indexrelid = p.oid
                               WHERE p.root = i.indexrelid AND child.indrelid = leaf.oid)
             ORDER BY 1) AS missing,
       coalesce((SELECT sum(s.idx_scan) FROM part_of p JOIN pg_stat_all_indexes s ON s.indexrelid = p.oid WHERE p.root = i.indexrelid), 0)::bigint AS scans,
       (SELECT sum(pg_relation_size(p.oid)) FROM part_of p JOIN pg_class c ON c.oid = p.oid WHERE p.root = i.indexrelid AND c.relkind = 'i')::bigint AS bytes,
       pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
WHERE i.indrelid = $1
UNION ALL
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, false, i.indisunique, '{}', 0, pg_relation_size(i.indexrelid),
       pg_get_indexdef(i.indexrelid)
FROM leaf JOIN pg_index i ON i.indrelid = leaf.oid
WHERE NOT i.indisvalid
ORDER BY 2 NULLS FIRST, 1
