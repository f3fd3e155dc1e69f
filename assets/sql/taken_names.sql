-- Relations, types and functions without arguments, as `f()`, of a table's schema that have one of some beginnings. $1 the table's OID, $2 the beginnings.
SELECT taken.name
FROM (SELECT relname::text AS name, relnamespace AS namespace FROM pg_class
      UNION SELECT typname::text, typnamespace FROM pg_type
      UNION SELECT proname || '()', pronamespace FROM pg_proc WHERE pronargs = 0) taken
WHERE taken.namespace = (SELECT relnamespace FROM pg_class WHERE oid = $1)
  AND EXISTS (SELECT FROM unnest($2::text[]) AS beginning WHERE starts_with(taken.name, beginning))
ORDER BY 1
