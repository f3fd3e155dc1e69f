-- Of each relation: whether it is there, whether it may be read, and whether an index finds a row in it by these columns,
-- in whatever order they lead it.
SELECT c.oid IS NOT NULL,
       coalesce(has_table_privilege(c.oid, 'SELECT'), false),
       EXISTS (
           SELECT FROM pg_index i
           JOIN pg_class own ON own.oid = i.indexrelid
           JOIN pg_am am ON am.oid = own.relam AND am.amname = 'btree'
           WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
             AND $2::text[] <@ ARRAY(
                 SELECT a.attname::text FROM generate_series(0, cardinality($2::text[]) - 1) AS lead(n)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[lead.n]))
FROM unnest($1::text[]) WITH ORDINALITY AS heap(name, n)
LEFT JOIN pg_class c ON c.oid = to_regclass(heap.name)
ORDER BY heap.n
