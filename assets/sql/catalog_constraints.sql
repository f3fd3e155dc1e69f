-- CHECK and outgoing FOREIGN KEY constraints; keys are indexes, NOT NULL is a column's. $1 the table's OID.
SELECT con.conname::text,
       con.contype::text,
       con.connoinherit,
       rn.nspname::text AS referenced_schema,
       r.relname::text AS referenced_name,
       con.confrelid,
       con.confdeltype IN ('c', 'n', 'd') AND con.confupdtype IN ('c', 'n', 'd') AS acts,
       regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', '') AS definition,
       con.convalidated,
       obj_description(con.oid, 'pg_constraint') AS comment
FROM pg_constraint con
LEFT JOIN pg_class r ON r.oid = con.confrelid
LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE con.conrelid = $1
  AND con.contype NOT IN ('p', 'u', 'x', 'n', 't')
  -- A foreign key to a partitioned table has one more row for each of its partitions.
  AND con.conparentid = 0
ORDER BY con.contype, con.conname
