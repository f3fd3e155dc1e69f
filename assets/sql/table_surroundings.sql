-- What stands around a table now. $1 its OID.
SELECT clock_timestamp() AS now,
       ARRAY(SELECT DISTINCT p.gid
             FROM pg_prepared_xacts p
             -- The lock on its own id is the one that names it; its virtual id is that of the session that prepared it.
             JOIN pg_locks own ON own.locktype = 'transactionid' AND own.transactionid = p.transaction AND own.pid IS NULL
             JOIN pg_locks l ON l.virtualtransaction = own.virtualtransaction AND l.pid IS NULL
             WHERE p.database = current_database() AND l.locktype = 'relation'
               AND (l.relation = $1 OR l.relation IN (SELECT confrelid FROM pg_constraint WHERE conrelid = $1 AND contype = 'f'))
             ORDER BY 1) AS prepared,
       -- A vacuum that prevents wraparound never yields. Its query says so to those who may read it; for all others the
       -- table's age tells what any vacuum that runs on it now is for.
       (SELECT min(l.pid)
        FROM pg_locks l JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        CROSS JOIN LATERAL (
            SELECT min(option_value::int) FILTER (WHERE option_name = 'autovacuum_freeze_max_age') AS freeze,
                   min(option_value::int) FILTER (WHERE option_name = 'autovacuum_multixact_freeze_max_age') AS multixact
            FROM pg_options_to_table(c.reloptions) WHERE option_name LIKE '%freeze_max_age'
        ) own
        WHERE l.relation = $1 AND l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
          AND l.pid <> pg_backend_pid()
          AND (a.query LIKE 'autovacuum:%(to prevent wraparound)%'
               OR a.backend_type IS NULL
                  AND (age(c.relfrozenxid) > least(current_setting('autovacuum_freeze_max_age')::int, own.freeze)
                       OR mxid_age(c.relminmxid) > least(current_setting('autovacuum_multixact_freeze_max_age')::int, own.multixact))))
           AS wraparound_vacuum,
       ARRAY(SELECT evtname::text FROM pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1) AS event_triggers
