-- What must not change while a migration runs, one fact a line.
-- $1 name of the captured table, $2 the source's OID, $3 the twin's name before the swap, $4 the name of the table of ids.
WITH captured AS (
    SELECT to_regclass($1)::oid AS oid
), twin AS (
    SELECT CASE WHEN captured.oid = $2 THEN to_regclass($3)::oid ELSE captured.oid END AS oid FROM captured
), ours AS (
    SELECT c.oid, c.relname, c.relkind
    FROM pg_class c
    WHERE c.oid = $2
       OR c.oid = (SELECT oid FROM twin)
       OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $2)
       OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = (SELECT oid FROM twin))
), facts AS (
    SELECT format('1 captured %s', oid) AS fact FROM captured
    UNION ALL
    SELECT format('2 relation %s %s file %s', oid, relname, coalesce(pg_relation_filenode(oid)::text, 'none')) FROM ours
    UNION ALL
    SELECT format('3 column %s %s %s %s %s', a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull)
    FROM pg_attribute a JOIN ours ON ours.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND (ours.relkind = 'p' OR ours.oid = $2)
    UNION ALL
    SELECT format('4 trigger %s on %s %s', t.tgname, ours.relname, t.tgenabled)
    FROM pg_trigger t JOIN ours ON ours.oid = t.tgrelid
    WHERE t.tgname LIKE 'quarterdeck\_%' OR t.tgfoid = to_regprocedure($4 || '()')
    UNION ALL
    SELECT format('5 ids %s', to_regclass($4)::oid) WHERE to_regclass($4) IS NOT NULL
)
SELECT string_agg(fact, E'\n' ORDER BY fact COLLATE "C") FROM facts
