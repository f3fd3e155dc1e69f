-- What the signals need, by one look. $1 the table's OID, $2 the name that the application knows, $3 the twin's.
-- {checkpoints}: requested checkpoints since the statistics were reset; their place is another from PostgreSQL 17 on.
SELECT jsonb_build_object(
    'wal', (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint,
    'checkpoints', {checkpoints},
    -- Of others' sessions a role without it sees neither state nor snapshot, of standbys no position.
    'sees_others', pg_has_role('pg_read_all_stats', 'USAGE'),
    'active', (
        SELECT count(*) FROM pg_stat_activity
        WHERE state = 'active' AND backend_type = 'client backend' AND application_name NOT LIKE 'quarterdeck %'
    ),
    'waiting', (
        SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE NOT l.granted AND a.application_name NOT LIKE 'quarterdeck %'
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.relation IN (
              SELECT oid FROM pg_class WHERE oid IN ($1, to_regclass($2)::oid, to_regclass($3)::oid)
              UNION ALL
              SELECT inhrelid FROM pg_inherits WHERE inhparent IN (to_regclass($2)::oid, to_regclass($3)::oid)
          )
    ),
    'oldest', (
        SELECT jsonb_build_object('of', of, 'ms', (extract(epoch FROM clock_timestamp() - since) * 1000)::bigint)
        FROM (
            SELECT 'pid ' || pid AS of, xact_start AS since FROM pg_stat_activity
            WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
              AND backend_type <> 'autovacuum worker' AND application_name NOT LIKE 'quarterdeck %'
            UNION ALL
            SELECT 'prepared transaction ' || gid, prepared FROM pg_prepared_xacts
        ) AS held
        WHERE since IS NOT NULL ORDER BY since LIMIT 1
    ),
    -- What a base backup reads is no standby yet.
    'standbys', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'of', coalesce(nullif(application_name, ''), pid::text),
            'lsn', (coalesce(replay_lsn, flush_lsn, write_lsn) - '0/0'::pg_lsn)::bigint)), '[]')
        FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' AND state IS DISTINCT FROM 'startup'
    ),
    'slot', (
        SELECT jsonb_build_object('of', slot_name, 'bytes', (pg_current_wal_lsn() - restart_lsn)::bigint)
        FROM pg_replication_slots WHERE restart_lsn IS NOT NULL ORDER BY restart_lsn LIMIT 1
    )
)
