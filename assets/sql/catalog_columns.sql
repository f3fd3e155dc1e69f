-- Live columns in order. $1 the table's OID.
SELECT a.attname::text,
       format_type(a.atttypid, a.atttypmod) AS type_sql,
       a.attnotnull,
       a.attgenerated <> '' AS generated,
       a.attidentity <> '' AS identity,
       -- Types whose equality is identity of the binary form (TRAPS 54); enums have no fixed OID.
       base.typtype = 'e'
           OR base.oid IN ('bool'::regtype, 'bytea'::regtype, '"char"'::regtype, 'int2'::regtype, 'int4'::regtype,
                           'int8'::regtype, 'oid'::regtype, 'uuid'::regtype, 'date'::regtype, 'timestamp'::regtype,
                           'timestamptz'::regtype)
           OR base.oid IN ('text'::regtype, 'varchar'::regtype)
              AND coalesce((SELECT collisdeterministic FROM pg_collation WHERE oid = a.attcollation), false)
           AS exact_hash,
       sequence.nspname AS sequence_schema,
       sequence.relname AS sequence_name,
       -- Null in PostgreSQL 17 and later, -1 before.
       nullif(a.attstattarget::int, -1) AS statistics_target
FROM pg_attribute a
CROSS JOIN LATERAL (
    WITH RECURSIVE chain AS (
        SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype FROM chain JOIN pg_type t ON t.oid = chain.typbasetype
        WHERE chain.typtype = 'd'
    )
    SELECT oid, typtype FROM chain WHERE typtype <> 'd'
) base
LEFT JOIN LATERAL (
    SELECT n.nspname::text, s.relname::text
    FROM pg_depend d
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
    ORDER BY d.deptype DESC, s.oid
    LIMIT 1
) sequence ON true
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
