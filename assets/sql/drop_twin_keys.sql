-- Statements that drop the foreign keys of a partitioned table and of its leaves. $1 its name.
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', con.conrelid::regclass, con.conname)
FROM pg_constraint con
WHERE con.contype = 'f' AND con.conparentid = 0
  AND (con.conrelid = to_regclass($1)
       OR con.conrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass($1)))
ORDER BY 1
