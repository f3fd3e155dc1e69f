-- What keeps dead rows from being removed, or locks from being had: transactions open for five minutes, and prepared ones.
SELECT format('pid %s of %s, %s', a.pid, coalesce(a.usename, 'unknown'), coalesce(nullif(a.application_name, ''), 'an unnamed application')) AS who,
       a.pid,
       NULL::text AS gid,
       extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS age_s,
       coalesce(a.state, 'unknown') AS state
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - interval '5 minutes'
  AND a.backend_type = 'client backend'
UNION ALL
SELECT format('prepared transaction %s of %s', p.gid, p.owner), NULL, p.gid, extract(epoch FROM clock_timestamp() - p.prepared)::bigint, 'prepared'
FROM pg_prepared_xacts p
WHERE p.database = current_database() AND p.prepared < clock_timestamp() - interval '5 minutes'
ORDER BY 4 DESC
LIMIT 20
