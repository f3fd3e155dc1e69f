-- Foreign keys that reference the table: (schema, name, OID of the referencing table, constraint, definition, referenced columns,
-- valid, comment, why the tool can do nothing about it). $1 the table's OID. pg_get_constraintdef names what is not on the search
-- path, which is pg_catalog, in full.
SELECT n.nspname::text, c.relname::text, c.oid, con.conname::text,
       regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', ''),
       ARRAY(SELECT a.attname::text FROM unnest(con.confkey) WITH ORDINALITY AS k (attnum, at)
             JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = k.attnum ORDER BY k.at),
       con.convalidated, obj_description(con.oid, 'pg_constraint'),
       CASE WHEN c.oid = $1 THEN 'it leads from the table to itself'
            WHEN c.relkind <> 'r' OR c.relispartition THEN 'the table that has it is partitioned, or a partition'
            WHEN to_jsonb(con) ->> 'conenforced' = 'false' THEN 'it is not enforced'
            WHEN to_jsonb(con) ->> 'conperiod' = 'true' THEN 'it is temporal'
            WHEN NOT pg_has_role(c.relowner, 'USAGE')
                THEN format('its table belongs to %s, of which this role is not a member', pg_get_userbyid(c.relowner))
            WHEN EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid OR inhrelid = c.oid)
                THEN 'the table that has it has relatives by inheritance'
       END
FROM pg_constraint con
JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE con.contype = 'f' AND con.confrelid = $1 AND con.conparentid = 0
ORDER BY 1, 2, 4
