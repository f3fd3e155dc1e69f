-- The oldest transaction of another session that holds a snapshot or an xid: the swap waits for it.
SELECT pid, state, extract(epoch FROM clock_timestamp() - xact_start)::float8
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
  AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
  AND application_name NOT LIKE 'quarterdeck %'
ORDER BY xact_start
LIMIT 1
