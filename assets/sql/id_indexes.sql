-- The btree indexes that begin with a column, of every partition: name, bytes, and the share of their leaf pages that is filled
-- as it can be reckoned from their entries (8 bytes of header, 4 of line pointer, the key). $1 the table's OID, $2 the column.
SELECT x.oid::regclass::text AS name,
       pg_relation_size(x.oid) AS bytes,
       CASE WHEN x.relpages > 1 AND x.reltuples > 0 AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attlen < 0)
            THEN x.reltuples * (12 + (SELECT sum((a.attlen + 7) / 8 * 8) FROM pg_attribute a WHERE a.attrelid = x.oid))
                 / ((x.relpages - 1) * current_setting('block_size')::float8) END AS reckoned
FROM (SELECT $1::oid AS relid UNION SELECT relid FROM pg_partition_tree($1::oid)) tree
JOIN pg_index i ON i.indrelid = tree.relid
JOIN pg_class x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0] AND k.attname = $2
WHERE i.indisvalid
ORDER BY 2 DESC, 1
LIMIT 200
