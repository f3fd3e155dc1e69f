-- A partitioned table. $1 its OID; of any other no row comes.
SELECT n.nspname::text,
       c.relname::text,
       pg_get_partkeydef(c.oid) AS key,
       CASE p.partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list' WHEN 'h' THEN 'hash' END AS strategy,
       key.name,
       key.type,
       -- What a role may not read it sees no statistics of.
       NOT has_any_column_privilege(c.oid, 'SELECT')
           OR EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.inherited) AS analyzed,
       current_setting('autovacuum_freeze_max_age')::bigint AS freeze_max_age,
       clock_timestamp() AS now,
       extract(epoch FROM clock_timestamp() - db.stats_reset)::bigint AS counted_s
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_partitioned_table p ON p.partrelid = c.oid
LEFT JOIN pg_stat_database db ON db.datname = current_database()
LEFT JOIN LATERAL (
    -- Bounds of one plain column can be read as times, or at least be put in order.
    SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS type
    FROM pg_attribute a
    WHERE p.partnatts = 1 AND p.partstrat = 'r' AND a.attrelid = c.oid AND a.attnum = p.partattrs[0]
) key ON true
WHERE c.oid = $1
