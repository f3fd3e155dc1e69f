SELECT concat_ws(' ', kind, name) AS words
FROM (
    SELECT 'relation ' || relkind::text, c.oid::regclass::text, relnamespace FROM pg_class c
    UNION ALL
    SELECT 'function', oid::regprocedure::text, pronamespace FROM pg_proc
    UNION ALL
    SELECT 'type', oid::regtype::text, typnamespace FROM pg_type WHERE typtype <> 'c' AND typelem = 0
    UNION ALL
    SELECT 'statistics', quote_ident(stxname), stxnamespace FROM pg_statistic_ext
    UNION ALL
    SELECT 'schema', quote_ident(nspname), oid FROM pg_namespace
    UNION ALL
    SELECT 'publication', quote_ident(pubname), 'public'::regnamespace FROM pg_publication
    UNION ALL
    SELECT 'event trigger', quote_ident(evtname), 'public'::regnamespace FROM pg_event_trigger
) AS found (kind, name, namespace)
JOIN pg_namespace n ON n.oid = namespace
WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'quarterdeck')
ORDER BY concat_ws(' ', kind, name) COLLATE "C"
