-- Tables and partitioned tables, biggest first; partitions are counted with their parent.
SELECT n.nspname::text,
       c.relname::text,
       CASE WHEN c.relkind = 'p' THEN coalesce(leaves.rows, 0) ELSE c.reltuples::bigint END AS rows_estimate,
       CASE WHEN c.relkind = 'p' THEN coalesce(leaves.bytes, 0) ELSE pg_total_relation_size(c.oid) END AS bytes,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attgenerated = ''
               AND a.atttypid = 'timestamptz'::regtype
             ORDER BY a.attnum) AS time_keys,
       c.relkind = 'p' AS partitioned,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_primary_key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT sum(greatest(leaf.reltuples, 0))::bigint AS rows, sum(pg_total_relation_size(leaf.oid))::bigint AS bytes
    FROM pg_partition_tree(c.oid) tree JOIN pg_class leaf ON leaf.oid = tree.relid
    WHERE tree.isleaf AND c.relkind = 'p'
) leaves ON true
WHERE c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'quarterdeck')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY bytes DESC NULLS LAST, n.nspname, c.relname
LIMIT 1000
