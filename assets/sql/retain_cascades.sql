-- Foreign keys by which rows of other tables would go, or change, with rows of a table: they may lead to it, to a partition of it,
-- or to what it is a partition of. $1 its OID.
WITH family AS (
    SELECT $1::oid AS oid UNION SELECT relid FROM pg_partition_ancestors($1::oid) UNION SELECT relid FROM pg_partition_tree($1::oid)
)
SELECT con.conname || ' of ' || con.conrelid::regclass
       || CASE con.confdeltype WHEN 'c' THEN ' (ON DELETE CASCADE)' WHEN 'n' THEN ' (ON DELETE SET NULL)' ELSE ' (ON DELETE SET DEFAULT)' END
FROM pg_constraint con
WHERE con.confrelid IN (SELECT oid FROM family) AND con.contype = 'f' AND con.confdeltype IN ('c', 'n', 'd')
  -- What was cloned for a partition is said of what it was cloned from.
  AND NOT EXISTS (SELECT FROM pg_constraint of_whole WHERE of_whole.oid = con.conparentid AND of_whole.confrelid IN (SELECT oid FROM family))
ORDER BY 1
