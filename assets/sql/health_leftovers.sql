-- Tables that look as if they had been partitions of a partitioned table: its columns, in its schema, under a name that begins
-- with its own. $1 its OID.
WITH shape AS (
    SELECT a.attrelid AS oid, array_agg(ROW(a.attname, a.atttypid, a.atttypmod)::text ORDER BY a.attname) AS columns
    FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY a.attrelid
)
SELECT n.nspname::text, c.relname::text, greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
FROM pg_class parent
JOIN pg_class c ON c.relnamespace = parent.relnamespace AND c.relkind = 'r' AND NOT c.relispartition
                AND starts_with(c.relname, parent.relname || '_')
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN shape mine ON mine.oid = parent.oid
JOIN shape theirs ON theirs.oid = c.oid AND theirs.columns = mine.columns
WHERE parent.oid = $1 AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
ORDER BY 1, 2
LIMIT 100
