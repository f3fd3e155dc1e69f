-- Tables and partitioned tables, biggest first; partitions are counted with their parent.
SELECT n.nspname::text,
       c.relname::text,
       CASE WHEN c.relkind = 'p' THEN coalesce(leaves.rows, 0) ELSE c.reltuples::bigint END AS rows_estimate,
       CASE WHEN c.relkind = 'p' THEN coalesce(leaves.bytes, 0) ELSE pg_total_relation_size(c.oid) END AS bytes,
       times.names, times.types,
       ids.names, ids.types,
       c.relkind = 'p' AS partitioned,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_primary_key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT sum(greatest(leaf.reltuples, 0))::bigint AS rows, sum(pg_total_relation_size(leaf.oid))::bigint AS bytes
    FROM pg_partition_tree(c.oid) tree JOIN pg_class leaf ON leaf.oid = tree.relid
    WHERE tree.isleaf AND c.relkind = 'p'
) leaves ON true
LEFT JOIN LATERAL (
    -- What a row is most likely known by comes first.
    SELECT coalesce(array_agg(a.attname::text ORDER BY likely, a.attnum), '{}') AS names,
           coalesce(array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY likely, a.attnum), '{}') AS types
    FROM pg_attribute a,
         array_position('{timestamptz,timestamp,date}'::regtype[], a.atttypid::regtype) AS of_type,
         LATERAL (VALUES (CASE a.attname WHEN 'created_at' THEN 0 ELSE of_type END)) AS l (likely)
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attgenerated = ''
      AND of_type IS NOT NULL
) times ON true
LEFT JOIN LATERAL (
    SELECT coalesce(array_agg(a.attname::text), '{}') AS names,
           coalesce(array_agg(format_type(a.atttypid, a.atttypmod)), '{}') AS types
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1 AND a.attgenerated = ''
      AND a.atttypid = ANY ('{uuid,int8}'::regtype[])
) ids ON true
WHERE c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'quarterdeck')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY bytes DESC NULLS LAST, n.nspname, c.relname
LIMIT 1000
