-- Who holds up a backend, longest open first: (pid, who, state, seconds open, query). $1 its pid.
-- State and query are null to roles that may not see them; pid 0 is a prepared transaction.
SELECT b.pid,
       coalesce(nullif(a.application_name, ''), a.usename, 'unknown'),
       a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::bigint,
       left(regexp_replace(a.query, '\s+', ' ', 'g'), 80)
FROM unnest(pg_blocking_pids($1)) AS b(pid)
LEFT JOIN pg_stat_activity a ON a.pid = b.pid
ORDER BY a.xact_start NULLS LAST
LIMIT 1
