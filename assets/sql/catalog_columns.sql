-- Live columns in order. $1 the table's OID.
SELECT a.attname::text,
       format_type(a.atttypid, a.atttypmod) AS type_sql,
       a.attnotnull,
       a.attgenerated <> '' AS generated,
       a.attidentity = 'a' AS always,
       -- Whether a row with it has a binary form, elements of an array included.
       base.sends AS comparable,
       -- Whether `=` is found in pg_catalog and can be hashed; enums have no fixed OID.
       base.typtype = 'e'
           OR base.oid = 'varchar'::regtype
           OR base.typnamespace = 'pg_catalog'::regnamespace
              AND EXISTS (SELECT FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'hash'
                          WHERE c.opcdefault AND c.opcintype = base.oid)
           AS findable,
       -- Whether its type's hash reads every bit: those of eight bytes are folded, text may have a loose collation.
       base.typtype = 'e'
           OR base.oid = ANY ('{bool,int2,int4,oid,date,uuid,bytea}'::regtype[])
           OR base.oid = ANY ('{text,varchar}'::regtype[])
              AND (SELECT l.collisdeterministic FROM pg_collation l WHERE l.oid = a.attcollation)
           AS exact_hash,
       sequence.nspname AS sequence_schema,
       sequence.relname AS sequence_name,
       -- Null in PostgreSQL 17 and later, -1 before.
       nullif(a.attstattarget::int, -1) AS statistics_target,
       coalesce(a.attoptions, '{}') AS options,
       a.attidentity <> '' AS identity,
       sequence.options AS sequence_options,
       sequence.grants AS sequence_grants,
       sequence.comment AS sequence_comment
FROM pg_attribute a
CROSS JOIN LATERAL (
    WITH RECURSIVE chain AS (
        SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype FROM chain JOIN pg_type t ON t.oid = chain.typbasetype
        WHERE chain.typtype = 'd'
    )
    SELECT t.oid, t.typtype, t.typnamespace,
           t.typsend <> 0
               AND coalesce((SELECT e.typsend <> 0 FROM pg_type e WHERE e.oid = t.typelem AND t.typcategory = 'A'), true)
               AS sends
    FROM chain JOIN pg_type t USING (oid) WHERE chain.typtype <> 'd'
) base
LEFT JOIN LATERAL (
    SELECT n.nspname::text, s.relname::text,
           (SELECT format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', seqstart, seqincrement, seqmin,
                          seqmax, seqcache, CASE WHEN seqcycle THEN ' CYCLE' ELSE '' END)
            FROM pg_sequence WHERE seqrelid = s.oid) AS options,
           ARRAY(SELECT format('GRANT %s ON SEQUENCE {} TO %s%s', string_agg(privilege_type, ', ' ORDER BY privilege_type),
                               CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                               CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                 FROM aclexplode(s.relacl) WHERE grantee <> s.relowner
                 GROUP BY grantee, is_grantable ORDER BY grantee, is_grantable) AS grants,
           obj_description(s.oid, 'pg_class') AS comment
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
