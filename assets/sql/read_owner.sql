-- The owner and whether it lives: a session holds the ownership lock, and it has broadcast within 40 s (an owner waits 25 s
-- for an answer itself) or has only just connected. $1 migration, $2 the lock's key.
SELECT o.epoch, o.host, o.pid, o.since,
       EXISTS (
           SELECT FROM pg_locks l
           LEFT JOIN pg_stat_activity a ON a.pid = l.pid
           WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (l.classid::bigint << 32 | l.objid::bigint) = $2
             -- Of another role's session nothing is seen: it counts as one that has just connected.
             AND greatest(o.live_at, o.since, coalesce(a.backend_start, now())) > now() - interval '40 s'
       ) AS alive,
       CASE WHEN o.live_at > now() - interval '10 s' THEN o.live END
FROM quarterdeck.owner o
WHERE o.migration_id = $1
