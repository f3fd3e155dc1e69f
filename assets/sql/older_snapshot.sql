-- A session that may still use a snapshot from before the drain: (pid, who, state, seconds open, query), the oldest one.
-- $1 our pid. $2 xmax and $3 xmin of a snapshot taken after the drain, $4 the time then, $5 OIDs of tables whose queued
-- writers take another snapshot when their turn comes (READ COMMITTED; manual, 13.2.1).
-- A transaction that began after that, with an xmin as young, cannot have an older snapshot, whatever old transaction
-- keeps its xmin down. Vacuum reads no rows for anybody. To a role that may not see other roles' sessions the times and
-- types of those are null: they count as old then.
SELECT a.pid,
       coalesce(nullif(a.application_name, ''), a.usename, 'unknown'),
       a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::bigint,
       left(regexp_replace(a.query, '\s+', ' ', 'g'), 80)
FROM pg_stat_activity a
WHERE a.datname = current_database()
  AND a.backend_xmin IS NOT NULL
  AND age(a.backend_xmin) > age($2::text::xid8::xid)
  AND NOT coalesce(a.xact_start > $4 AND age(a.backend_xmin) <= age($3::text::xid8::xid), false)
  AND a.pid NOT IN (pg_backend_pid(), $1)
  AND a.usesysid IS NOT NULL
  AND a.backend_type IS DISTINCT FROM 'walsender'
  AND a.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
  AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted AND l.mode = 'RowExclusiveLock' AND l.relation = ANY ($5))
ORDER BY a.xact_start NULLS LAST
LIMIT 1
