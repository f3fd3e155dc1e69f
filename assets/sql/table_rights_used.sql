-- Rights that the connecting role lacks on what the table uses: (object, right). $1 the table's OID.
-- A trigger is made anew, a CHECK and a generated column are computed, an index is built: by this role, or in its name.
WITH used_function AS (
    SELECT tgfoid AS oid FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
    UNION
    SELECT d.refobjid FROM pg_depend d
    WHERE d.refclassid = 'pg_proc'::regclass
      AND (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = $1)
           OR d.classid = 'pg_class'::regclass AND d.objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1)
           -- a generated column's: in PostgreSQL 14 the column's own, later its expression's
           OR d.classid = 'pg_class'::regclass AND d.objid = $1
           OR d.classid = 'pg_attrdef'::regclass
              AND d.objid IN (SELECT f.oid FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                              WHERE f.adrelid = $1 AND a.attgenerated <> ''))
), used_type AS (
    SELECT atttypid AS oid FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
), view AS (
    SELECT DISTINCT v.relnamespace AS schema FROM pg_depend d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    JOIN pg_class v ON v.oid = w.ev_class
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND v.relkind = 'v'
), used_schema AS (
    SELECT relnamespace AS oid FROM pg_class
    WHERE oid = $1 OR oid IN (SELECT confrelid FROM pg_constraint WHERE conrelid = $1 AND contype = 'f')
    UNION SELECT schema FROM view
    UNION SELECT p.pronamespace FROM used_function JOIN pg_proc p USING (oid)
    UNION SELECT t.typnamespace FROM used_type JOIN pg_type t USING (oid)
)
SELECT 'function ' || oid::regprocedure, 'EXECUTE' FROM used_function WHERE NOT has_function_privilege(oid, 'EXECUTE')
UNION ALL
SELECT 'type ' || format_type(oid, NULL), 'USAGE' FROM used_type WHERE NOT has_type_privilege(oid, 'USAGE')
UNION ALL
SELECT 'schema ' || nspname, 'USAGE' FROM used_schema JOIN pg_namespace USING (oid) WHERE NOT has_schema_privilege(oid, 'USAGE')
UNION ALL
-- CREATE OR REPLACE VIEW asks for it as CREATE VIEW does.
SELECT 'schema ' || nspname, 'CREATE' FROM view JOIN pg_namespace n ON n.oid = view.schema WHERE NOT has_schema_privilege(n.oid, 'CREATE')
UNION ALL
SELECT 'language plpgsql', 'USAGE' FROM pg_language WHERE lanname = 'plpgsql' AND NOT has_language_privilege(oid, 'USAGE')
ORDER BY 1, 2
