-- Extended statistics objects in the table's schema and of its owner; others are in catalog_hangers.sql. $1 the table's OID.
SELECT n.nspname::text,
       s.stxname::text,
       coalesce((SELECT '(' || string_agg(word, ', ' ORDER BY word) || ')'
                 FROM unnest(s.stxkind) AS kind
                 JOIN (VALUES ('d', 'ndistinct'), ('f', 'dependencies'), ('m', 'mcv')) AS words(letter, word) ON letter = kind::text),
                '') AS kinds,
       pg_get_statisticsobjdef_columns(s.oid) AS of,
       -- Null in PostgreSQL 17 and later, -1 before.
       nullif(s.stxstattarget::int, -1) AS target,
       obj_description(s.oid, 'pg_statistic_ext') AS comment
FROM pg_statistic_ext s
JOIN pg_class c ON c.oid = s.stxrelid
JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxrelid = $1 AND s.stxnamespace = c.relnamespace AND s.stxowner = c.relowner
ORDER BY s.stxname
