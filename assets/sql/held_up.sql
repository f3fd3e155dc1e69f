-- Sessions of others that hold up a lock on the tables of $1, or whose snapshot or transaction the swap waits for:
-- (pid, who, state, transaction began, query, what it holds), the longest open first.
-- Only what has lasted for a second: shorter ones are the application at work. State, times and query are null to roles
-- that may not see them.
WITH named AS (
    SELECT to_regclass(name)::oid AS oid FROM unnest($1::text[]) AS name
), tables AS (
    SELECT oid FROM named UNION SELECT inhrelid FROM pg_inherits WHERE inhparent IN (SELECT oid FROM named)
), held AS (
    SELECT l.pid, string_agg(DISTINCT l.mode || ' on ' || l.relation::regclass::text, ', ') AS locks
    FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.granted AND l.relation IN (SELECT oid FROM tables)
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY l.pid
)
SELECT a.pid,
       coalesce(nullif(a.application_name, ''), a.usename, a.backend_type, 'unknown'),
       a.state,
       a.xact_start,
       coalesce(left(regexp_replace(a.query, '\s+', ' ', 'g'), 200), ''),
       coalesce(held.locks, 'a snapshot')
FROM pg_stat_activity a
LEFT JOIN held ON held.pid = a.pid
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND a.application_name NOT LIKE 'quarterdeck %'
  AND (a.xact_start IS NULL AND a.state IS NULL OR a.xact_start < clock_timestamp() - interval '1 second')
  AND (held.pid IS NOT NULL OR a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
ORDER BY a.xact_start NULLS LAST, a.pid
LIMIT 20
