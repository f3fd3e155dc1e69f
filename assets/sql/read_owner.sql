-- The owner and whether its session holds the ownership lock. $1 migration, $2 the lock's key.
SELECT o.epoch, o.host, o.pid, o.since,
       EXISTS (
           SELECT FROM pg_locks l
           WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (l.classid::bigint << 32 | l.objid::bigint) = $2
       ) AS alive,
       CASE WHEN o.live_at > now() - interval '10 s' THEN o.live END
FROM quarterdeck.owner o
WHERE o.migration_id = $1
