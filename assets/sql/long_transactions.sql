-- Transactions of this database that have been open for a second, oldest first. Age and state are null to roles that
-- may not see them; the snapshot is visible to all.
SELECT a.pid,
       format('%s from %s', coalesce(a.usename, 'unknown'), coalesce(nullif(a.application_name, ''), 'an unnamed application')) AS who,
       extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS age_s,
       a.state,
       age(a.backend_xmin)::bigint AS xmin_age
FROM pg_stat_activity a
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND (a.xact_start < clock_timestamp() - interval '1 second' OR a.xact_start IS NULL AND a.backend_xmin IS NOT NULL)
ORDER BY a.xact_start NULLS LAST, a.pid
LIMIT 20
