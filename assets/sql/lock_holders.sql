-- Sessions beside ours that hold any lock on one of these tables. $1 the tables' names, $2 our pid.
SELECT count(DISTINCT l.pid)
FROM pg_locks l
WHERE l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest($1::text[]) AS name)
  AND l.pid NOT IN ($2, pg_backend_pid())
