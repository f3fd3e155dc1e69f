-- Indexes, those behind constraints among them. $1 the table's OID.
SELECT c.relname::text,
       CASE WHEN i.indisexclusion OR con.contype = 'x' THEN 'exclusion'
            WHEN i.indisprimary THEN 'primary_key'
            WHEN con.contype = 'u' THEN 'unique_constraint'
            WHEN i.indisunique THEN 'unique'
            ELSE 'plain'
       END AS role,
       ARRAY(SELECT (SELECT attname::text FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = k.attnum AND k.attnum <> 0)
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
             WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS key,
       ARRAY(SELECT a.attname::text
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
             WHERE k.place > i.indnkeyatts ORDER BY k.place) AS include,
       coalesce(pg_get_constraintdef(con.oid),
                -- What follows `CREATE INDEX name ON table `; regclass prints the table as pg_get_indexdef does.
                substr(pg_get_indexdef(c.oid),
                       length(format('CREATE %sINDEX %I ON %s%s ',
                                     CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname,
                                     CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END, i.indrelid::regclass)) + 1)
       ) AS definition,
       i.indisvalid AND i.indisready AND i.indislive AS valid,
       coalesce(con.condeferrable, false) OR NOT i.indimmediate AS deferrable,
       coalesce(c.reloptions, '{}') AS options,
       obj_description(c.oid, 'pg_class') AS comment,
       obj_description(con.oid, 'pg_constraint') AS constraint_comment,
       (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace) AS tablespace,
       ARRAY(SELECT format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attstattarget >= 0 ORDER BY a.attnum) AS targets
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint con ON con.conindid = c.oid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')
WHERE i.indrelid = $1
ORDER BY i.indisprimary DESC, c.relname
