-- The partitions of a partitioned table, whatever their level; the bounds of its own, in their order. $1 its OID.
WITH RECURSIVE tree AS (
    -- One that is half detached is not in pg_partition_tree.
    SELECT inhrelid AS relid, 1 AS level, inhdetachpending FROM pg_inherits WHERE inhparent = $1
    UNION ALL
    SELECT i.inhrelid, tree.level + 1, i.inhdetachpending FROM tree JOIN pg_inherits i ON i.inhparent = tree.relid
), part AS (
    SELECT c.*, tree.level, tree.inhdetachpending,
           pg_get_expr(c.relpartbound, c.oid) AS bounds,
           key.type
    FROM tree
    JOIN pg_class c ON c.oid = tree.relid
    LEFT JOIN LATERAL (
        SELECT format_type(a.atttypid, NULL) AS type
        FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = $1 AND p.partnatts = 1 AND p.partstrat = 'r'
    ) key ON tree.level = 1
    WHERE c.relkind <> 'p' OR tree.level = 1
), bound AS (
    SELECT part.oid, ends.word, ends.place,
           CASE
               WHEN ends.word IN ('MINVALUE', 'MAXVALUE') THEN NULL
               WHEN part.type LIKE 'timestamp with time zone%' THEN trim(ends.word, '''')::timestamptz
               WHEN part.type IN ('timestamp without time zone', 'date') THEN trim(ends.word, '''')::timestamp AT TIME ZONE 'UTC'
               -- The first 48 bits of a UUID of version 7 are its milliseconds (RFC 9562).
               WHEN part.type = 'uuid' THEN to_timestamp(('x' || replace(left(trim(ends.word, ''''), 13), '-', ''))::bit(48)::bigint / 1000.0)
           END AS time,
           CASE WHEN part.type IN ('bigint', 'integer', 'smallint', 'numeric') AND ends.word NOT IN ('MINVALUE', 'MAXVALUE')
               THEN trim(ends.word, '''')::numeric END AS number
    FROM part, regexp_match(part.bounds, '^FOR VALUES FROM \((.+)\) TO \((.+)\)$') AS m, unnest(m) WITH ORDINALITY AS ends (word, place)
    WHERE part.type IS NOT NULL
), read AS (
    SELECT lower.oid, lower.word AS lower_word, CASE WHEN lower.time > '0001-01-01' THEN least(lower.time, '9999-01-01') END AS lower_time,
           -- Farther than anybody plans is open.
           upper.word AS upper_word, CASE WHEN upper.time < '9999-01-01' THEN greatest(upper.time, '0001-01-01') END AS upper_time,
           coalesce(extract(epoch FROM lower.time), lower.number, '-Infinity') AS place
    FROM bound lower JOIN bound upper ON upper.oid = lower.oid AND upper.place = 2 WHERE lower.place = 1
)
SELECT n.nspname::text,
       part.relname::text,
       part.bounds,
       part.level = 1 AS own,
       part.relkind = 'p' AS partitioned,
       part.inhdetachpending AS detaching,
       read.lower_word,
       read.upper_word,
       read.lower_time,
       read.upper_time,
       CASE WHEN part.relkind = 'r' THEN part.reltuples::bigint END AS rows,
       coalesce(s.n_live_tup, 0) AS live,
       coalesce(s.n_dead_tup, 0) AS dead,
       CASE WHEN part.relkind = 'r' THEN pg_table_size(part.oid) ELSE 0 END AS table_bytes,
       CASE WHEN part.relkind = 'r' THEN pg_indexes_size(part.oid) ELSE 0 END AS index_bytes,
       CASE WHEN part.relkind = 'r' THEN greatest(age(part.relfrozenxid), 0) ELSE 0 END::bigint AS freeze_age,
       extract(epoch FROM clock_timestamp() - greatest(s.last_vacuum, s.last_autovacuum))::bigint AS vacuumed_s,
       extract(epoch FROM clock_timestamp() - greatest(s.last_analyze, s.last_autoanalyze))::bigint AS analyzed_s,
       -- Rows of their columns' average width, at 28 bytes of header and line pointer, in pages of the fill factor.
       (SELECT part.reltuples * (sum((1 - st.null_frac) * st.avg_width) + 28)
               / coalesce((SELECT option_value::numeric FROM pg_options_to_table(part.reloptions) WHERE option_name = 'fillfactor'), 100) * 100
        FROM pg_stats st
        WHERE st.schemaname = n.nspname AND st.tablename = part.relname AND NOT st.inherited AND part.reltuples > 0)::bigint AS needed_bytes,
       CASE WHEN part.relkind = 'r' THEN pg_relation_size(part.oid) ELSE 0 END AS heap_bytes,
       -- What a role may not read it sees no statistics of.
       part.relkind <> 'r' OR NOT has_any_column_privilege(part.oid, 'SELECT')
           OR EXISTS (SELECT FROM pg_stats st WHERE st.schemaname = n.nspname AND st.tablename = part.relname AND NOT st.inherited) AS analyzed,
       part.oid,
       part.relkind = 'f' AS foreign,
       part.relpages * current_setting('block_size')::bigint AS counted_bytes
FROM part
JOIN pg_namespace n ON n.oid = part.relnamespace
LEFT JOIN read ON read.oid = part.oid
LEFT JOIN pg_stat_all_tables s ON s.relid = part.oid
ORDER BY part.bounds = 'DEFAULT', read.place, n.nspname, part.relname
