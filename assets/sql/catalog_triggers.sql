-- The application's triggers: no internal ones, none of ours. $1 the table's OID.
SELECT t.tgname::text,
       pg_get_triggerdef(t.oid) AS definition,
       t.tgenabled::text,
       (t.tgtype & 1) = 1 AND (t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL) AS row_with_transition,
       t.tgconstraint <> 0 AS constraint_trigger,
       (t.tgtype & 3) = 3 AS before_row,
       obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t
WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND t.tgname !~ '^quarterdeck_'
ORDER BY t.tgname
