-- Tables that were detached as expired partitions, and what was to become of each. $1 how their comments begin.
SELECT n.nspname::text, c.relname::text, substr(mark.text, length($1) + 1) AS rest
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT obj_description(c.oid, 'pg_class') AS text) mark
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND starts_with(mark.text, $1)
ORDER BY 1, 2
