-- Tables that were detached as expired partitions, by their comments, which are a word of ours only where the table's owner is
-- its former parent's. $1 how the comments begin, $2 the former parent's OID.
SELECT n.nspname::text, c.relname::text, c.oid, substr(mark.text, length($1) + 1) AS rest
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT obj_description(c.oid, 'pg_class') AS text) mark
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND starts_with(mark.text, $1)
  AND c.relowner = (SELECT parent.relowner FROM pg_class parent WHERE parent.oid = $2)
ORDER BY 1, 2
