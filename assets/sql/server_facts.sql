-- The server as the connecting role sees it.
SELECT current_setting('server_version_num')::int AS version_num,
       current_database()::text AS database,
       current_user::text AS role,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       coalesce((SELECT has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE')
                        AND NOT EXISTS (SELECT FROM pg_class AS c
                                         WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND c.relname NOT LIKE 'log\_%'
                                           AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                                                    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')))
                   FROM pg_namespace AS n WHERE n.nspname = 'quarterdeck'),
                has_database_privilege(current_database(), 'CREATE')) AS may_journal,
       pg_has_role('pg_read_all_stats', 'USAGE') AS sees_sessions,
       pg_is_in_recovery() AS in_recovery,
       current_setting('max_connections')::int AS max_connections,
       current_setting('max_locks_per_transaction')::bigint
           * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS lock_slots,
       current_setting('wal_level') AS wal_level,
       current_setting('block_size')::bigint AS block_size,
       (SELECT setting::bigint FROM pg_settings WHERE name = 'deadlock_timeout') AS deadlock_timeout_ms
